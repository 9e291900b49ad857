"""Counts of the pieces and the leakage of a split, compared with other kinds of split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.schemas import EMBARGOED, PLACES
from pipeline.core.text import counted, plural
from pipeline.datasets.columns.ragged import Bools
from pipeline.datasets.families.relatives import RULES
from pipeline.datasets.splits.assignment import HELD_OUT, Assigned, Assignment, assign, counts, published
from pipeline.datasets.splits.held_out import warnings
from pipeline.datasets.splits.leaks import Leaks, count_leaks
from pipeline.datasets.splits.settings import AnySplit, FamilySplit, NoSplit, RandomSplit, Shares, SplitError
from pipeline.datasets.splits.tunes import SplitTunes

LARGEST_FAMILIES = 10  # number of families listed with their titles in the audit
HELD = {PLACES[place]: place for place in HELD_OUT}
WITH_EMBARGO = ", embargo"  # suffix of a kind of split


def audit(pieces: pa.Table, assigned: Assigned, leaks: Leaks, settings: AnySplit) -> dict[str, Any]:
    """Counts of the pieces and the leakage of a split.

    Args:
        pieces: n rows of ``schemas.FAMILIES``.
        assigned: (n,) one of ``schemas.PLACES`` per piece.

    Returns:
        Ready for JSON.
    """
    rules = {**{rule: leaks.by_rule[:, number] for number, rule in enumerate(RULES)}, "any": leaks.soft}
    return {
        "settings": settings.model_dump(),
        "pieces": counts(assigned),
        "warnings": warnings(counts(assigned)),
        "families": {
            name: len(pieces["tune_family"].filter(pa.array(assigned == place)).unique())
            for place, name in enumerate(PLACES)
        },
        "pieces_by_corpus": {corpus: counts(assigned[rows]) for corpus, rows in _by_corpus(pieces)},
        "share_a_run_with_train": {
            name: int(leaks.hard[assigned == place].sum()) for name, place in HELD.items()
        },
        "soft_relatives_in_train": {
            name: {rule: int(found[assigned == place].sum()) for rule, found in rules.items()}
            for name, place in HELD.items()
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


def require_no_leak(pieces: pa.Table, assigned: Assigned, leaks: Leaks, settings: AnySplit) -> None:
    """Raise if a split has leakage that its kind or embargo excludes: a bug in this project.

    Args:
        pieces: n rows of ``schemas.FAMILIES``.
        assigned: (n,) the split of each piece.
        leaks: the leaks that are left after the embargo.

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
        found = {name: int((wrong & (assigned == place)).sum()) for name, place in HELD.items()}
        raise SplitError(f"held-out pieces have relatives in train ({found}), for example {piece}")


def leaks_by_kind(
    pieces: pa.Table,
    tunes: SplitTunes,
    made: Mapping[bool, tuple[Assigned, Leaks]],
    settings: AnySplit,
) -> dict[str, dict[str, dict[str, dict[str, int]]]]:
    """Compare the leakage of this kind of split with that of other common kinds.

    ``random`` assigns single pieces with the same shares and seed; if the split has no
    shares, with the observed ones. ``published`` is included if the corpora have
    published splits, and counts only their pieces.

    Args:
        pieces: n rows of ``schemas.FAMILIES``.
        made: the splits of the pieces and their leaks, without an embargo (False) and,
            if there is an embargo, with it (True).

    Returns:
        kind → corpus → valid, test → counts of pieces: all pieces, pieces with a ``hard`` relative,
        with only a ``soft`` relative, and with ``either``. Corpora without held-out pieces are left out.
    """
    kinds: dict[str, tuple[Assigned, tuple[Bools, Bools]]] = {}
    own = np.isin(made[False][0], [Assignment.TRAIN, *HELD_OUT])
    if not isinstance(settings, NoSplit):
        for embargo, (split, found) in made.items():
            kinds[settings.kind + WITH_EMBARGO * embargo] = split, (found.hard, found.soft & ~found.hard)
        by_chance = np.where(
            own, assign(pieces, _customary(made[False][0], settings)), np.int8(Assignment.UNUSED)
        )
        if settings.kind != "random":
            kinds["random"] = (by_chance, count_leaks(tunes, by_chance))
    known = np.where(own, published(pieces), np.int8(Assignment.UNUSED))
    if (known != Assignment.UNUSED).any() and settings.kind != "published":
        kinds["published"] = (known, count_leaks(tunes, known))
    return {
        kind: {
            corpus: {name: _leak_counts(rows & (split == place), *leaks) for name, place in HELD.items()}
            for corpus, rows in _by_corpus(pieces)
            if np.isin(split[rows], HELD_OUT).any()
        }
        for kind, (split, leaks) in kinds.items()
    }


def _customary(assigned: Assigned, settings: AnySplit) -> RandomSplit:
    if isinstance(settings, Shares):
        return RandomSplit(kind="random", seed=settings.seed, valid=settings.valid, test=settings.test)
    n = max(int(np.isin(assigned, [Assignment.TRAIN, *HELD_OUT]).sum()), 1)
    valid, test = (int((assigned == place).sum()) / n for place in HELD_OUT)
    return RandomSplit(kind="random", seed=0, valid=valid, test=test)


def _leak_counts(rows: Bools, hard: Bools, soft: Bools) -> dict[str, int]:
    counted = {"pieces": rows, "hard": hard & rows, "soft": soft & rows, "either": (hard | soft) & rows}
    return {name: int(found.sum()) for name, found in counted.items()}


def _largest(pieces: pa.Table) -> list[dict[str, Any]]:
    """The families with the most pieces in this data set, with titles for manual inspection."""
    sizes = pieces.group_by("tune_family").aggregate([([], "count_all")])
    largest = sizes.filter(pc.greater(sizes["count_all"], 1)).sort_by(
        [("count_all", "descending"), ("tune_family", "ascending")]
    )
    found = []
    for row in largest.slice(0, LARGEST_FAMILIES).to_pylist():
        family = row["tune_family"]
        members = pieces.filter(pc.equal(pieces["tune_family"], family)).select(["piece_id", "title"])
        found.append({"tune_family": family, "size": row["count_all"], "pieces": members.to_pylist()})
    return found


def _by_corpus(pieces: pa.Table) -> Iterator[tuple[str, Bools]]:
    coded = pieces["corpus"].combine_chunks().dictionary_encode()
    number, names = coded.indices.to_numpy(), coded.dictionary.to_pylist()
    for corpus in sorted(names):
        yield corpus, number == names.index(corpus)
