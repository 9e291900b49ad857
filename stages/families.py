"""Find which pieces share a melody, over all corpora at once."""

from pathlib import Path

from pipeline.core.schemas import FAMILIES, NOTES
from pipeline.core.settings import load_yaml, lookup, read_section
from pipeline.core.tables import write_table
from pipeline.core.text import counted
from pipeline.datasets.columns.chunks import read_portions
from pipeline.datasets.families.tune_families import FamilySettings, families_of_portions
from pipeline.workflow.memory import return_freed_memory
from pipeline.workflow.progress import say, track
from pipeline.workflow.runner import stage_main

USED = (
    *("piece_id", "corpus", "part", "part_name", "title", "published_split"),
    *("bar_onsets", "end", "onset", "duration", "pitch", "phrase_end"),
)


def run() -> None:
    """Write the family of every piece of the corpora that params.yaml names.

    data/notes may still contain a file of a corpus that params.yaml no longer lists. DVC reads the
    names from data/corpora.txt: the section itself as a dependency would include how each
    corpus is downloaded and parsed.
    """
    return_freed_memory()
    settings = read_section(FamilySettings, "families")
    notes = [Path(f"data/notes/{corpus}.parquet") for corpus in lookup(load_yaml(), "corpora")]
    portions = read_portions(notes, NOTES, keys=("piece_id", "part"), columns=USED)
    families = families_of_portions(
        portions,
        settings,
        lambda ranges: track(ranges, "families: comparing tunes", len(ranges), "portions"),
    )
    metadata = {"family_run": str(settings.family_run)}
    write_table(Path("data/families.parquet"), families, FAMILIES, metadata)
    n_families = len(families["tune_family"].unique())
    say(f"families: {counted(families.num_rows, 'piece')} in {counted(n_families, 'family', 'families')}")


if __name__ == "__main__":
    stage_main("families", run)
