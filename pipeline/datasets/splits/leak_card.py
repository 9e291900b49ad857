"""The leak card: the relatives in train of every piece of valid and test.

It is written as a table for programs and as Markdown for readers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.schemas import EMBARGOED, LEAKS
from pipeline.datasets.families.idiom import SKELETON_RUN
from pipeline.datasets.families.ngram_overlap import SHORTEST_CONTAINED
from pipeline.datasets.families.relatives import (
    ALIGNED,
    CONTAINED_IN_TEN,
    FEW_RUNS,
    NAMESAKES,
    RULES,
)
from pipeline.datasets.splits.assignment import Assigned, is_held_out, place_names
from pipeline.datasets.splits.leaks import Leaks, relation_names

MOST_ALIKE = 25  # pairs listed in the Markdown card; the table has all of them
COLUMNS = dict(zip(RULES, ("same_skeleton", "contained", "same_title", "aligned"), strict=True))
KINDS = {
    "none": "All pieces are training pieces: nothing is held out, and figures are measured on them.",
    "family": "Whole tune families are given to train, valid and test.",
    "random": "Single pieces are given to train, valid and test, so relatives may end up on both sides.",
    "published": "The split is the one that the corpora publish; relatives may be on both sides.",
}


def leak_table(pieces: pa.Table, assigned: Assigned, leaks: Leaks) -> pa.Table:
    """The leak card as rows.

    Args:
        pieces: n rows of ``schemas.FAMILIES``.
        assigned: (n,) the split of each piece.

    Returns:
        Rows of ``schemas.LEAKS`` for the pieces of valid and test, sorted by piece_id.
    """
    held = np.flatnonzero(is_held_out(assigned))
    nearest = leaks.where(held).nearest
    alone = nearest.piece < 0
    relative = pa.array(nearest.piece, pa.int64(), mask=alone)
    columns = {
        **{
            name: pieces[name].take(pa.array(held)) for name in ("piece_id", "corpus", "title", "tune_family")
        },
        "split": place_names(assigned[held]),
        "hard": leaks.hard[held],
        **{COLUMNS[rule]: leaks.by_rule[held, number] for number, rule in enumerate(RULES)},
        "relative_of": pieces["piece_id"].take(relative),
        "relative_title": pieces["title"].take(relative),
        "relation": relation_names(nearest),
        "likeness": pa.array(nearest.likeness.astype(np.float32), pa.float32(), mask=alone),
    }
    return pa.table({name: columns[name] for name in LEAKS.names}, schema=LEAKS).sort_by("piece_id")


def leak_prose(dataset: str, report: Mapping[str, Any], table: pa.Table) -> str:
    """The leak card as Markdown.

    Args:
        report: the audit of the split.
        table: rows of ``schemas.LEAKS``.
    """
    kind = report["settings"]["kind"]
    lines = [f"# Leaks: {dataset}", "", f"Kind of split: `{kind}`. {KINDS[kind]}", ""]
    if table.num_rows:
        lines += [report["claim"], "", _words(report["family_run"]), ""]
        lines += ["## Pieces held out", "", *_held(table), ""]
    if report["pieces"][EMBARGOED]:
        lines += ["## Embargoed pieces", "", *_embargoed(report["pieces_by_corpus"]), ""]
    if report["leaks_by_kind"]:
        lines += ["## What each kind of split leaks", "", *_kinds(report["leaks_by_kind"]), ""]
    if table["relative_of"].null_count < table.num_rows:
        lines += ["## The most similar relatives", "", *_most_alike(table), ""]
    return "\n".join(lines)


def _words(run: int) -> str:
    """Explain the columns."""
    return (
        f"*Hard*: the piece shares a {run}-gram of intervals with a training piece, in any key. *Same "
        f"skeleton*: they share at least 0.{CONTAINED_IN_TEN} of the {SKELETON_RUN}-grams of intervals "
        f"between beats of the smaller of the two (of {FEW_RUNS} at least). *Contained*: one of the two is "
        f"shorter than that {run}-gram and occurs whole in the other; it has at least {SHORTEST_CONTAINED} "
        f"intervals. *Aligned*: the likeness of the two is at least {ALIGNED}. *Same title*: they have the "
        f"same title, which is not generic, and a likeness of at least {NAMESAKES}. *Likeness*, 0 to 1: the "
        "score of the best local alignment minus that of unrelated melodies, divided by the same difference "
        "for the shorter melody with itself. `relative_of` in `leaks.parquet` is the relative with the "
        "largest likeness, `relation` the first rule that holds for these two; the table has one row per "
        "held-out piece."
    )


def _embargoed(by_corpus: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Embargoed training pieces by corpus."""
    rows = [
        (corpus, n["train"] + n[EMBARGOED], n[EMBARGOED], f"{100 * n[EMBARGOED] / drawn:.1f} %")
        for corpus, n in by_corpus.items()
        if (drawn := n["train"] + n[EMBARGOED])
    ]
    return _lines(("corpus", "training pieces", "embargoed", "share"), rows)


def _held(table: pa.Table) -> list[str]:
    """Counts per split and corpus, and the number of pieces without relatives."""
    rules = ("hard", *COLUMNS.values())
    holds = np.stack([table[rule].to_numpy() for rule in rules], axis=1)
    groups = {}
    for group in table.select(["split", "corpus"]).group_by(["split", "corpus"]).aggregate([]).to_pylist():
        of = pc.and_(*(pc.equal(table[name], group[name]) for name in ("split", "corpus")))
        groups[group["split"], group["corpus"]] = holds[np.asarray(of, dtype=bool)]
    rows = [
        (*group, len(found), *found.sum(axis=0), (~found[:, 0]).sum(), (~found.any(axis=1)).sum())
        for group, found in sorted(groups.items())
    ]
    head = ("split", "corpus", "pieces", *(rule.replace("_", " ") for rule in rules))
    return _lines((*head, "without hard relatives", "without any"), rows)


def _kinds(kinds: Mapping[str, Mapping[str, Mapping[str, Mapping[str, int]]]]) -> list[str]:
    rows = [
        (kind, corpus, split, *(found[name] for name in ("pieces", "hard", "soft", "either")))
        for kind, corpora in kinds.items()
        for corpus, splits in corpora.items()
        for split, found in splits.items()
    ]
    return _lines(("kind", "corpus", "split", "pieces", "hard", "only soft", "hard or soft"), rows)


def _most_alike(table: pa.Table) -> list[str]:
    """The pairs of relatives with the largest likeness."""
    found = table.filter(table["relative_of"].is_valid())
    found = found.sort_by([("likeness", "descending"), ("piece_id", "ascending")])
    rows = [
        (
            row["split"],
            _named(row["piece_id"], row["title"]),
            _named(row["relative_of"], row["relative_title"]),
            row["relation"],
            f"{row['likeness']:.2f}",
        )
        for row in found.slice(0, MOST_ALIKE).to_pylist()
    ]
    return _lines(("split", "piece", "relative in train", "relation", "likeness"), rows)


def _named(piece_id: str, title: str | None) -> str:
    return f"{piece_id} ({' '.join(title.split())})" if title else piece_id


def _lines(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    return [_row(line) for line in (head, ["---"] * len(head), *rows)]


def _row(cells: Sequence[object]) -> str:
    return f"| {' | '.join(str(cell).replace('|', '&#124;') for cell in cells)} |"
