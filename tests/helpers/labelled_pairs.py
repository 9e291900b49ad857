"""Labelled pairs of tunes: reading and writing them, and the families of the corpora that they name."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from pipeline.core.schemas import NOTES
from pipeline.datasets.columns.chunks import read_portions
from pipeline.datasets.families.tune_families import FamilySettings, families_of_portions
from stages.families import USED
from tests.helpers.paths import ROOT

FOLDER = ROOT / "tests/benchmarks/related"
HEAD = ("left", "right", "related", "source")
FAMILY_RUN = 16


@dataclass(frozen=True, order=True)
class Pair:
    """Two pieces by their ids, whether they are related, and the source of the label."""

    left: str
    right: str
    related: bool
    source: str


def read_pairs(path: Path = FOLDER / "pairs.tsv") -> list[Pair]:
    """The labelled pairs of a file, in its order."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t")
        return [Pair(row["left"], row["right"], row["related"] == "1", row["source"]) for row in rows]


def judged_pairs() -> list[Pair]:
    """The pairs that were labelled by reading the notes."""
    return read_pairs(FOLDER / "judged.tsv")


def write_pairs(pairs: Iterable[Pair], path: Path = FOLDER / "pairs.tsv") -> None:
    """Write pairs sorted, each once."""
    lines = ["\t".join(HEAD)]
    lines += [f"{p.left}\t{p.right}\t{int(p.related)}\t{p.source}" for p in sorted(set(pairs))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def families_of(folders: Sequence[Path]) -> pa.Table:
    """Rows of ``schemas.FAMILIES`` of all notes in some folders, no corpus with soft families."""
    paths = sorted({path.name: path for folder in folders for path in folder.glob("*.parquet")}.values())
    portions = read_portions(paths, NOTES, keys=("piece_id", "part"), columns=USED)
    families = families_of_portions(portions, FamilySettings(family_run=FAMILY_RUN, soft={}))
    return families.replace_schema_metadata({"family_run": str(FAMILY_RUN)})
