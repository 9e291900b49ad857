"""What a split holds and leaks, as counts, and what other kinds would have leaked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.core.tables import SPLIT_NAMES
from pipeline.datasets.columns.ragged import Bools
from pipeline.datasets.splits.assignment import Names, assign, counts, published
from pipeline.datasets.splits.held_out import warnings
from pipeline.datasets.splits.leaks import Leaks, Melodies, find_leaks
from pipeline.datasets.splits.settings import AnySplit, FamilySplit, NoSplit, RandomSplit, Shares, SplitError

LARGEST_FAMILIES = 10  # listed with their titles in the audit
HELD = ("valid", "test")


def audit(pieces: pa.Table, assigned: Names, leaks: Leaks, settings: AnySplit) -> dict[str, Any]:
    """What the split holds and what it leaks, as counts of pieces.

    Args:
        pieces: n rows of ``tables.FAMILIES``.
        assigned: (n,) their splits.

    Returns:
        Ready for JSON.

    Raises:
        SplitError: a split by family leaks, which is a fault of this project.
    """
    hard = {name: int(leaks.hard[assigned == name].sum()) for name in HELD}
    if isinstance(settings, FamilySplit) and any(hard.values()):
        raise SplitError(f"pieces outside train share a run with it: {hard}")
    rules = {
        "skeleton": leaks.skeleton,
        "title": leaks.title,
        "contained": leaks.contained,
        "any": leaks.soft,
    }
    return {
        "settings": settings.model_dump(),
        "pieces": counts(assigned),
        "warnings": warnings(counts(assigned)),
        "families": {
            name: len(pieces["tune_family"].filter(pa.array(assigned == name)).unique())
            for name in SPLIT_NAMES
        },
        "pieces_by_corpus": {corpus: counts(assigned[rows]) for corpus, rows in _by_corpus(pieces)},
        "share_a_run_with_train": hard,
        "soft_relatives_in_train": {
            name: {rule: int(found[assigned == name].sum()) for rule, found in rules.items()} for name in HELD
        },
        "largest_families": _largest(pieces),
    }


def leaks_by_kind(
    pieces: pa.Table, melodies: Melodies, assigned: Names, leaks: Leaks, settings: AnySplit
) -> dict[str, dict[str, dict[str, dict[str, int]]]]:
    """What this kind of split leaks, and what the customary ones would have leaked.

    ``random`` gives single pieces to the splits by the same shares and seed; where
    the split has none, by the shares that it came out with. ``published`` is there
    where the corpora tell one, and counts their pieces alone.

    Returns:
        kind → corpus → valid, test → counts of pieces: all of them, ``hard``,
        ``soft``, and ``either``. Corpora without a held-out piece are left out.
    """
    kinds: dict[str, tuple[Names, Leaks]] = {}
    if not isinstance(settings, NoSplit):
        kinds[settings.kind] = (assigned, leaks)
        by_chance = assign(pieces, _customary(assigned, settings))
        kinds.setdefault("random", (by_chance, find_leaks(melodies, by_chance)))
    told = published(pieces)
    if (told != "").any() and settings.kind != "published":
        kinds["published"] = (told, find_leaks(melodies, told))
    return {
        kind: {
            corpus: {name: _leak_counts(rows & (split == name), found) for name in HELD}
            for corpus, rows in _by_corpus(pieces)
            if np.isin(split[rows], HELD).any()
        }
        for kind, (split, found) in kinds.items()
    }


def _customary(assigned: Names, settings: AnySplit) -> RandomSplit:
    if isinstance(settings, Shares):
        return RandomSplit(kind="random", seed=settings.seed, valid=settings.valid, test=settings.test)
    shares = {name: n / max(len(assigned), 1) for name, n in counts(assigned).items() if name != "train"}
    return RandomSplit(kind="random", seed=0, **shares)


def _leak_counts(rows: Bools, leaks: Leaks) -> dict[str, int]:
    return {
        "pieces": int(rows.sum()),
        "hard": int(leaks.hard[rows].sum()),
        "soft": int(leaks.soft[rows].sum()),
        "either": int((leaks.hard | leaks.soft)[rows].sum()),
    }


def _largest(pieces: pa.Table) -> list[dict[str, Any]]:
    """The families with most pieces in this data set, with titles for a person to judge."""
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
