"""The leak card: every piece of valid and test beside the piece of train that is most like it.

As a table for programs, and as Markdown for people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.core.tables import LEAKS
from pipeline.datasets.families.tune_families import CONTAINED_IN_TEN, SKELETON_RUN
from pipeline.datasets.splits.assignment import Names
from pipeline.datasets.splits.leaks import INTERVAL_RUN, Leaks

MOST_ALIKE = 25  # pairs listed in the prose; all stand in the table
ENOUGH_RUNS = 16  # of the smaller piece, to be listed there
KINDS = {
    "none": "All pieces train: nothing is held out, and no figure on this data set speaks of unheard music.",
    "family": "Whole tune families are given to train, valid and test.",
    "random": "Single pieces are given to train, valid and test, so relatives may end up on both sides.",
    "published": "The split is the one that the corpora publish; relatives may be on both sides.",
}


def leak_table(pieces: pa.Table, assigned: Names, leaks: Leaks) -> pa.Table:
    """The leak card as rows.

    Args:
        pieces: n rows of ``tables.FAMILIES``.
        assigned: (n,) their splits.

    Returns:
        Rows of ``tables.LEAKS`` for the pieces of valid and test, sorted by piece_id.
    """
    held = np.flatnonzero(assigned != "train")
    nearest = leaks.nearest
    alone = nearest.piece[held] < 0
    partner = pa.array(nearest.piece[held], pa.int64(), mask=alone)
    measured = np.where(nearest.by_skeleton, "skeleton", "intervals")[held]
    columns = {
        **{
            name: pieces[name].take(pa.array(held)) for name in ("piece_id", "corpus", "title", "tune_family")
        },
        "split": pa.array(assigned[held], pa.string()),
        "hard": leaks.hard[held],
        "same_skeleton": leaks.skeleton[held],
        "same_title": leaks.title[held],
        "contained": leaks.contained[held],
        "nearest_train": pieces["piece_id"].take(partner),
        "nearest_title": pieces["title"].take(partner),
        "runs_in_common": nearest.common[held],
        "runs": nearest.runs[held],
        "likeness": nearest.likeness[held],
        "likeness_of": pa.array(measured, pa.string(), mask=alone),
    }
    return pa.table({name: columns[name] for name in LEAKS.names}, schema=LEAKS).sort_by("piece_id")


def leak_prose(dataset: str, report: Mapping[str, Any], table: pa.Table) -> str:
    """The leak card as Markdown.

    Args:
        report: the audit of the split.
        table: rows of ``tables.LEAKS``.
    """
    kind = report["settings"]["kind"]
    lines = [f"# Leaks: {dataset}", "", f"Kind of split: `{kind}`. {KINDS[kind]}", ""]
    if table.num_rows:
        lines += [_words(report["family_run"]), "", "## Pieces held out", "", *_held(table), ""]
    if report["leaks_by_kind"]:
        lines += ["## What each kind of split leaks", "", *_kinds(report["leaks_by_kind"]), ""]
    if table.num_rows:
        lines += ["## The most alike", "", *_most_alike(table), ""]
    return "\n".join(lines)


def _words(run: int) -> str:
    """What the columns mean."""
    return (
        f"*Hard*: the piece shares a run of {run} intervals with a piece of train, in any key. *Soft*: it "
        f"has there a piece with the same beat skeleton (at least 0.{CONTAINED_IN_TEN} of the "
        f"{SKELETON_RUN}-interval runs of the smaller of the two), or with the same title, or one of the two "
        "is short and stands whole in the other. *Likeness*: share of the runs of the smaller piece that the "
        f"two have in common: of {SKELETON_RUN} intervals of the skeleton or, where no skeleton is alike, of "
        f"{INTERVAL_RUN} intervals of the parts. `leaks.parquet` holds a row for every piece held out."
    )


def _held(table: pa.Table) -> list[str]:
    """Counts per split and corpus, and what is left without the relatives."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in table.to_pylist():
        groups.setdefault((row["split"], row["corpus"]), []).append(row)
    rules = ("hard", "same_skeleton", "same_title", "contained")
    rows = [
        (
            *group,
            len(found),
            *(sum(row[rule] for row in found) for rule in rules),
            sum(not row["hard"] for row in found),
            sum(not any(row[rule] for rule in rules) for row in found),
        )
        for group, found in sorted(groups.items())
    ]
    head = ("split", "corpus", "pieces", "hard", "same skeleton", "same title", "contained")
    return _lines((*head, "without hard relatives", "without any"), rows)


def _kinds(kinds: Mapping[str, Mapping[str, Mapping[str, Mapping[str, int]]]]) -> list[str]:
    rows = [
        (kind, corpus, split, *(found[name] for name in ("pieces", "hard", "soft", "either")))
        for kind, corpora in kinds.items()
        for corpus, splits in corpora.items()
        for split, found in splits.items()
    ]
    return _lines(("kind", "corpus", "split", "pieces", "hard", "soft", "hard or soft"), rows)


def _most_alike(table: pa.Table) -> list[str]:
    """The pairs with the largest likeness; a piece of few runs is like another by chance."""
    found = [row for row in table.to_pylist() if row["runs"] >= ENOUGH_RUNS]
    found.sort(key=lambda row: (-row["likeness"], -row["runs"], row["piece_id"]))
    rows = [
        (
            row["split"],
            _named(row["piece_id"], row["title"]),
            _named(row["nearest_train"], row["nearest_title"]),
            f"{row['likeness']:.2f} of {row['runs']} runs of the {row['likeness_of']}",
        )
        for row in found[:MOST_ALIKE]
    ]
    return _lines(("split", "piece", "nearest of train", "likeness"), rows)


def _named(piece_id: str, title: str | None) -> str:
    return f"{piece_id} ({' '.join(title.split())})" if title else piece_id


def _lines(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    return [_row(line) for line in (head, ["---"] * len(head), *rows)]


def _row(cells: Sequence[object]) -> str:
    return f"| {' | '.join(str(cell).replace('|', '&#124;') for cell in cells)} |"
