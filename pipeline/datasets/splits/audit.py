"""Counts of the pieces and the leakage of a split, compared with other kinds of split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.core.tables import EMBARGOED, PLACES
from pipeline.core.text import counted, plural
from pipeline.datasets.columns.ragged import Bools
from pipeline.datasets.splits.assignment import Names, assign, counts, published
from pipeline.datasets.splits.held_out import warnings
from pipeline.datasets.splits.leaks import Leaks, count_leaks
from pipeline.datasets.splits.relatives import RULES, Likeness
from pipeline.datasets.splits.settings import AnySplit, FamilySplit, NoSplit, RandomSplit, Shares, SplitError
from pipeline.datasets.splits.tunes import Tunes

LARGEST_FAMILIES = 10  # number of families listed with their titles in the audit
HELD = ("valid", "test")
WITH_EMBARGO = ", embargo"  # suffix of a kind of split


def audit(pieces: pa.Table, assigned: Names, leaks: Leaks, settings: AnySplit) -> dict[str, Any]:
    """Counts of the pieces and the leakage of a split.

    Args:
        pieces: n rows of ``tables.FAMILIES``.
        assigned: (n,) one of ``tables.PLACES`` per piece.

    Returns:
        Ready for JSON.
    """
    rules = {**{rule: leaks.by_rule[:, number] for number, rule in enumerate(RULES)}, "any": leaks.soft}
    return {
        "settings": settings.model_dump(),
        "pieces": counts(assigned),
        "warnings": warnings(counts(assigned)),
        "families": {
            name: len(pieces["tune_family"].filter(pa.array(assigned == name)).unique()) for name in PLACES
        },
        "pieces_by_corpus": {corpus: counts(assigned[rows]) for corpus, rows in _by_corpus(pieces)},
        "share_a_run_with_train": {name: int(leaks.hard[assigned == name].sum()) for name in HELD},
        "soft_relatives_in_train": {
            name: {rule: int(found[assigned == name].sum()) for rule, found in rules.items()} for name in HELD
        },
        "largest_families": _largest(pieces),
    }


def claim(report: Mapping[str, Any], family_run: int) -> str:
    """Describe the leakage of a split in two sentences for the data card and the leak card.

    Args:
        report: the audit of the split.
    """
    pieces, soft = report["pieces"], report["soft_relatives_in_train"]
    hard = sum(report["share_a_run_with_train"].values())
    held = pieces["valid"] + pieces["test"]
    n_train = pieces["train"] + pieces[EMBARGOED]
    related = soft["valid"]["any"] + soft["test"]["any"]
    share, have = plural(hard, "shares", "share"), plural(related, "has", "have")
    return (
        f"Of {counted(held, 'held-out piece')} {hard:,} {share} a {family_run}-gram of intervals with a "
        f"training piece, and {related:,} {have} a softer relative there (test split: "
        f"{soft['test']['any']:,} of {pieces['test']:,}). The embargo sets {pieces[EMBARGOED]:,} of "
        f"{n_train:,} {plural(n_train, 'training piece')} apart."
    )


def require_no_leak(pieces: pa.Table, assigned: Names, leaks: Leaks, settings: AnySplit) -> None:
    """Raise if a split has leakage that its kind or embargo excludes: a bug in this project.

    Args:
        pieces: n rows of ``tables.FAMILIES``.
        assigned: (n,) the split of each piece.
        leaks: the leaks computed again after the embargo.

    Raises:
        SplitError: there are leaks; the message has their number and names one of them.
    """
    if isinstance(settings, NoSplit):
        return
    wrong = np.zeros(len(assigned), bool)
    if isinstance(settings, FamilySplit):
        wrong |= leaks.hard
    if settings.embargo == "soft":
        wrong |= leaks.any
    if wrong.any():
        piece = pieces["piece_id"][int(np.flatnonzero(wrong)[0])].as_py()
        found = {name: int((wrong & (assigned == name)).sum()) for name in HELD}
        raise SplitError(f"held-out pieces have relatives in train ({found}), for example {piece}")


def leaks_by_kind(
    pieces: pa.Table,
    tunes: Tunes,
    likeness: Likeness,
    made: Mapping[bool, tuple[Names, Leaks]],
    settings: AnySplit,
) -> dict[str, dict[str, dict[str, dict[str, int]]]]:
    """Compare the leakage of this kind of split with that of other common kinds.

    ``random`` assigns single pieces with the same shares and seed; if the split has no
    shares, with the observed ones. ``published`` is included if the corpora have
    published splits, and counts only their pieces.

    Args:
        pieces: n rows of ``tables.FAMILIES``.
        made: the splits of the pieces and their leaks, without an embargo (False) and,
            if there is an embargo, with it (True).

    Returns:
        kind → corpus → valid, test → counts of pieces: all pieces, pieces with a ``hard`` relative,
        with only a ``soft`` relative, and with ``either``. Corpora without held-out pieces are left out.
    """
    kinds: dict[str, tuple[Names, tuple[Bools, Bools]]] = {}
    own = np.isin(made[False][0], ["train", *HELD])
    if not isinstance(settings, NoSplit):
        for embargo, (split, found) in made.items():
            kinds[settings.kind + WITH_EMBARGO * embargo] = split, (found.hard, found.soft & ~found.hard)
        by_chance = np.where(own, assign(pieces, _customary(made[False][0], settings)), "")
        if settings.kind != "random":
            kinds["random"] = (by_chance, count_leaks(tunes, likeness, by_chance))
    known = np.where(own, published(pieces), "")
    if (known != "").any() and settings.kind != "published":
        kinds["published"] = (known, count_leaks(tunes, likeness, known))
    return {
        kind: {
            corpus: {name: _leak_counts(rows & (split == name), *leaks) for name in HELD}
            for corpus, rows in _by_corpus(pieces)
            if np.isin(split[rows], HELD).any()
        }
        for kind, (split, leaks) in kinds.items()
    }


def _customary(assigned: Names, settings: AnySplit) -> RandomSplit:
    if isinstance(settings, Shares):
        return RandomSplit(kind="random", seed=settings.seed, valid=settings.valid, test=settings.test)
    n = max(int(np.isin(assigned, ["train", *HELD]).sum()), 1)
    valid, test = (int((assigned == name).sum()) / n for name in HELD)
    return RandomSplit(kind="random", seed=0, valid=valid, test=test)


def _leak_counts(rows: Bools, hard: Bools, soft: Bools) -> dict[str, int]:
    counted = {"pieces": rows, "hard": hard & rows, "soft": soft & rows, "either": (hard | soft) & rows}
    return {name: int(found.sum()) for name, found in counted.items()}


def _largest(pieces: pa.Table) -> list[dict[str, Any]]:
    """The families with the most pieces in this data set, with titles for manual inspection."""
    members: dict[str, list[dict[str, str]]] = {}
    for row in pieces.select(["tune_family", "piece_id", "title"]).to_pylist():
        members.setdefault(row["tune_family"], []).append(
            {"piece_id": row["piece_id"], "title": row["title"]}
        )
    ordered = sorted(members.items(), key=lambda family: (-len(family[1]), family[0]))
    several = [(family, found) for family, found in ordered if len(found) > 1]
    return [
        {"tune_family": family, "size": len(found), "pieces": found}
        for family, found in several[:LARGEST_FAMILIES]
    ]


def _by_corpus(pieces: pa.Table) -> Iterator[tuple[str, Bools]]:
    corpora = np.array(pieces["corpus"].to_pylist(), dtype=np.str_)
    for corpus in np.unique(corpora):
        yield str(corpus), corpora == corpus
