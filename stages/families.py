"""Find which pieces share a melody, over all corpora at once."""

from pathlib import Path

import pyarrow as pa

from pipeline.families import FamilySettings, find_families
from pipeline.progress import say
from pipeline.runner import stage_main
from pipeline.settings import read_section
from pipeline.tables import FAMILIES, NOTES, read_table, write_table

USED = (
    *("piece_id", "corpus", "part", "part_name", "title", "published_split"),
    *("bar_onsets", "end", "onset", "duration", "pitch", "phrase_end"),
)


def run() -> None:
    """Write the family of every piece under data/notes."""
    settings = read_section(FamilySettings, "families")
    files = sorted(Path("data/notes").glob("*.parquet"))
    notes = pa.concat_tables([read_table(file, NOTES, USED) for file in files])
    families = find_families(notes, settings)
    metadata = {"family_run": str(settings.family_run)}
    write_table(Path("data/families.parquet"), families, FAMILIES, metadata)
    n_families = len(families["tune_family"].unique())
    say(f"families: {families.num_rows} pieces in {n_families} families")


if __name__ == "__main__":
    stage_main("families", run)
