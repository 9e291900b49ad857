"""Give tune families, never pieces, to train, valid and test."""

from pathlib import Path

from pipeline.files import write_json
from pipeline.progress import say
from pipeline.runner import stage_main
from pipeline.settings import read_section
from pipeline.splits import SPLIT, split_pieces
from pipeline.tables import FAMILIES, GRIDS, SPLITS, read_table, write_table


def run(dataset: str) -> None:
    """Split one data set; write the split and its audit."""
    settings = read_section(SPLIT, "datasets", dataset, "split")
    rows = read_table(Path(f"data/filtered/{dataset}.parquet"), GRIDS, ["piece_id"])
    families = read_table(Path("data/families.parquet"), FAMILIES)
    table, audit = split_pieces(rows["piece_id"].to_pylist(), families, settings)
    write_table(Path(f"data/splits/{dataset}.parquet"), table, SPLITS)
    write_json(Path(f"data/splits/{dataset}.audit.json"), audit)
    shares = ", ".join(f"{n} {name}" for name, n in audit["pieces"].items())
    say(f"split@{dataset}: pieces: {shares}")


if __name__ == "__main__":
    stage_main("split", run)
