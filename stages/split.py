"""Assign tune families, never pieces, to train, valid and test; embargo their relatives."""

from pathlib import Path

from pipeline.core.files import write_json, write_text
from pipeline.core.schemas import EMBARGOED, FAMILIES, GRIDS, LEAKS, SPLITS
from pipeline.core.settings import read_section
from pipeline.core.tables import read_table, write_table
from pipeline.datasets.splits import SPLIT, USED, split_pieces
from pipeline.datasets.splits.leak_card import leak_prose
from pipeline.datasets.splits.moves import find_moves, last_split, tell
from pipeline.workflow.memory import return_freed_memory
from pipeline.workflow.outputs import last_version
from pipeline.workflow.progress import say
from pipeline.workflow.runner import stage_main


def run(dataset: str) -> None:
    """Split one data set; write the split, its audit and its leak card."""
    return_freed_memory()
    settings = read_section(SPLIT, "datasets", dataset, "split")
    families = Path("data/families.parquet")
    made = split_pieces(
        read_table(Path(f"data/filtered/{dataset}.parquet"), GRIDS, ["piece_id"])["piece_id"],
        read_table(families, FAMILIES, USED),
        settings,
        lambda: read_table(families, FAMILIES, ["melody"])["melody"],
    )
    place = f"data/splits/{dataset}"
    write_table(Path(f"{place}.parquet"), made.rows, SPLITS)
    write_json(Path(f"{place}.audit.json"), made.audit)
    write_table(Path(f"{place}.leaks.parquet"), made.leaks, LEAKS)
    write_text(Path(f"{place}.leaks.md"), leak_prose(dataset, made.audit, made.leaks))
    shares = ", ".join(f"{n} {name}" for name, n in made.audit["pieces"].items() if n or name != EMBARGOED)
    say(f"split@{dataset}: pieces: {shares}")
    for warning in made.audit["warnings"]:
        say(f"split@{dataset}: {warning}")
    last_rows, last_audit = (
        last_version(f"split@{dataset}", f"{place}.{suffix}") for suffix in ("parquet", "audit.json")
    )
    before = last_split(last_rows, last_audit, settings)
    for line in tell(find_moves(before, made.rows)) if before is not None else []:
        say(f"split@{dataset}: {line}")


if __name__ == "__main__":
    stage_main("split", run)
