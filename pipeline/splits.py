"""Who goes to train, valid and test, and the audit of what that leaks.

Families, never pieces, are given out, by a hash of the family's id and a seed:
a piece stays where it is when others come or go, in every data set that shares
the seed. Phrases ("essen/altdeu10#17:2") go where their piece goes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter, model_validator

from pipeline.errors import PipelineError
from pipeline.families import CONTAINED_IN_TEN, SKELETON_RUN, normal_title
from pipeline.ragged import Bools, Ints, run_starts
from pipeline.related import containing, related_in_portions
from pipeline.runs import RunIndex, Sequences
from pipeline.settings import Section
from pipeline.tables import SPLIT_NAMES, SPLITS

LARGEST_FAMILIES = 10  # listed with their titles in the audit
HASH_BITS = 64
INTERVAL_RUN = 6  # the shorter runs that find the nearest piece of one without a like skeleton


class SplitError(PipelineError):
    """A piece of a data set is of no family."""


class NoSplit(Section):
    """All pieces train, and evaluation uses the same."""

    kind: Literal["none"]


class _Shares(Section):
    seed: int
    valid: float = Field(ge=0.0, lt=1.0)
    test: float = Field(ge=0.0, lt=1.0)

    @model_validator(mode="after")
    def _something_to_train(self) -> _Shares:
        if self.valid + self.test >= 1:
            raise ValueError("valid and test together must leave a share to train")
        return self


class FamilySplit(_Shares):
    """Whole tune families by shares.

    Attributes:
        seed: data sets with the same seed agree on every family.
        valid, test: shares of the families; the rest is train.
    """

    kind: Literal["family"]


class RandomSplit(_Shares):
    """Single pieces by shares, as is customary; relatives end up on both sides."""

    kind: Literal["random"]


Split = Annotated[NoSplit | FamilySplit | RandomSplit, Field(discriminator="kind")]
SPLIT: TypeAdapter[NoSplit | FamilySplit | RandomSplit] = TypeAdapter(Split)


@dataclass(frozen=True)
class Leaks:
    """How the pieces of valid and test are related to those of train.

    Attributes:
        hard: (n,) True where a piece shares a run of family length with train.
        skeleton, title, contained: (n,) True where it has such a soft relative in train.
        nearest: (n,) number of the most similar train piece, -1 where none has anything in common.
    """

    hard: Bools
    skeleton: Bools
    title: Bools
    contained: Bools
    nearest: Ints

    @property
    def soft(self) -> Bools:
        """(n,) True where any of the soft rules holds."""
        return self.skeleton | self.title | self.contained


def split_pieces(
    piece_ids: Sequence[str], families: pa.Table, settings: NoSplit | FamilySplit | RandomSplit
) -> tuple[pa.Table, dict[str, Any]]:
    """Give the rows of a data set to the splits, and audit the result.

    Args:
        piece_ids: of the rows of a data set, phrases included.
        families: rows of ``tables.FAMILIES``, its metadata naming ``family_run``.
        settings: the section ``split``.

    Returns:
        Rows of ``tables.SPLITS`` sorted by piece_id, and the audit, ready for JSON.

    Raises:
        SplitError: a piece is not among the families.
    """
    ids = sorted(piece_ids)
    chosen, piece = np.unique(_sources(ids, families), return_inverse=True)
    pieces = families.take(pa.array(chosen))
    run = int(families.schema.metadata[b"family_run"])
    assigned = assign(pieces, settings)
    index = RunIndex.of(Sequences.from_column(pieces["intervals"]), run)
    leaks = find_leaks(pieces, assigned, index, run)
    names = np.array([*pieces["piece_id"].to_pylist(), None], dtype=object)
    columns = {
        "piece_id": pa.array(ids, pa.string()),
        "corpus": pieces["corpus"].take(pa.array(piece)),
        "tune_family": pieces["tune_family"].take(pa.array(piece)),
        "split": pa.array(assigned[piece], pa.string()),
        "soft_relative": leaks.soft[piece],
        "nearest_train": pa.array(names[leaks.nearest][piece], pa.string()),
    }
    table = pa.table({name: columns[name] for name in SPLITS.names}, schema=SPLITS)
    report = audit(pieces, assigned, leaks, settings)
    random = _random_leaks(pieces, settings, index)
    return table, {**report, "family_run": run, "random_split_would_leak": random}


def assign(pieces: pa.Table, settings: NoSplit | FamilySplit | RandomSplit) -> NDArray[np.str_]:
    """The split of every piece.

    Args:
        pieces: rows of ``tables.FAMILIES``.
    """
    if isinstance(settings, NoSplit):
        return np.full(pieces.num_rows, "train")
    by = "tune_family" if isinstance(settings, FamilySplit) else "piece_id"
    test = _border(settings.test)
    valid = test + _border(settings.valid)
    drawn = (_draw(settings.seed, unit) for unit in pieces[by].to_pylist())
    return np.array(["test" if n < test else "valid" if n < valid else "train" for n in drawn], dtype="<U5")


def _draw(seed: int, unit: str) -> int:
    """A stable draw from 0 … 2^64 - 1."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{unit}".encode()).digest()[: HASH_BITS // 8], "big")


def _border(share: float) -> int:
    """A share, as written in decimals, of the range of a draw."""
    return int(Fraction(str(share)) * (1 << HASH_BITS))


def find_leaks(pieces: pa.Table, assigned: NDArray[np.str_], index: RunIndex, run: int) -> Leaks:
    """Relatives in train of all pieces outside it.

    Args:
        pieces: rows of ``tables.FAMILIES``.
        assigned: (n,) split of each.
        index: the runs of each.
        run: intervals that make two pieces relatives.
    """
    train = assigned == "train"
    intervals = Sequences.from_column(pieces["intervals"])
    skeletons = Sequences.from_column(pieces["skeleton"])
    titles = [normal_title(title) for title in pieces["title"].to_pylist()]
    skeleton, nearest = _skeletons(skeletons, intervals, train)
    known = {title for title, trains in zip(titles, train, strict=True) if trains and title}
    return Leaks(
        hard=index.related_to(train),
        skeleton=skeleton,
        title=~train & np.array([title in known for title in titles], bool),
        contained=_contained(intervals, pieces["n_intervals"].to_numpy() < run, train),
        nearest=nearest,
    )


def _skeletons(skeletons: Sequences, intervals: Sequences, train: Bools) -> tuple[Bools, Ints]:
    """Which pieces have a skeleton's relative in train, and the nearest piece there.

    Nearest is who shares most of the smaller piece's skeleton runs; for a piece that
    shares none, most of its runs of intervals.
    """
    held, known = np.flatnonzero(~train), np.flatnonzero(train)
    alike = np.zeros(len(train), bool)
    nearest = np.full(len(train), -1)
    for pairs in related_in_portions(skeletons.where(~train), skeletons.where(train), SKELETON_RUN):
        a, _, common, smaller = pairs
        alike[held[a[10 * common >= CONTAINED_IN_TEN * smaller]]] = True
        _fill_nearest(nearest, pairs, held, known)
    alone = ~train & (nearest < 0)
    for pairs in related_in_portions(intervals.where(alone), intervals.where(train), INTERVAL_RUN):
        _fill_nearest(nearest, pairs, np.flatnonzero(alone), known)
    return alike, nearest


def _fill_nearest(nearest: Ints, pairs: tuple[Ints, Ints, Ints, Ints], held: Ints, known: Ints) -> None:
    """Note the partner with the largest share in common, of equal ones the first by piece_id."""
    a, b, common, smaller = pairs
    order = np.lexsort((b, -common, -(common / np.maximum(smaller, 1)), a))
    first = order[run_starts(a[order])]
    nearest[held[a[first]]] = known[b[first]]


def _contained(intervals: Sequences, short: Bools, train: Bools) -> Bools:
    """Whether a short piece stands whole in another one across the border of train."""
    inner, outer = containing(intervals, np.flatnonzero(short))
    across = train[inner] != train[outer]
    found = np.zeros(len(train), bool)
    found[inner[across]] = found[outer[across]] = True
    return found & ~train


def audit(
    pieces: pa.Table,
    assigned: NDArray[np.str_],
    leaks: Leaks,
    settings: NoSplit | FamilySplit | RandomSplit,
) -> dict[str, Any]:
    """What the split holds and what it leaks, as counts of pieces.

    Raises:
        SplitError: a split by family leaks, which is a fault of this project.
    """
    held = {name: assigned == name for name in ("valid", "test")}
    hard = {name: int(leaks.hard[rows].sum()) for name, rows in held.items()}
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
        "pieces": _counts(assigned),
        "families": {
            name: len(pieces["tune_family"].filter(pa.array(assigned == name)).unique())
            for name in SPLIT_NAMES
        },
        "pieces_by_corpus": {corpus: _counts(assigned[rows]) for corpus, rows in _by_corpus(pieces).items()},
        "share_a_run_with_train": hard,
        "soft_relatives_in_train": {
            name: {rule: int(found[rows].sum()) for rule, found in rules.items()}
            for name, rows in held.items()
        },
        "largest_families": _largest(pieces),
    }


def _random_leaks(
    pieces: pa.Table, settings: NoSplit | FamilySplit | RandomSplit, index: RunIndex
) -> dict[str, dict[str, int]]:
    """Per corpus: test pieces of a random split with the same shares, and those with a relative in train."""
    if isinstance(settings, NoSplit):
        return {}
    customary = RandomSplit(kind="random", seed=settings.seed, valid=settings.valid, test=settings.test)
    assigned = assign(pieces, customary)
    hard = index.related_to(assigned == "train")
    tested = assigned == "test"
    return {
        corpus: {"test": int((tested & rows).sum()), "leaked": int((hard & tested & rows).sum())}
        for corpus, rows in _by_corpus(pieces).items()
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


def _by_corpus(pieces: pa.Table) -> Mapping[str, Bools]:
    corpora = np.array(pieces["corpus"].to_pylist(), dtype=np.str_)
    return {str(corpus): corpora == corpus for corpus in np.unique(corpora)}


def _counts(assigned: NDArray[np.str_]) -> dict[str, int]:
    return {name: int((assigned == name).sum()) for name in SPLIT_NAMES}


def _sources(piece_ids: Sequence[str], families: pa.Table) -> Ints:
    """The row of every piece among the families; a phrase belongs to its piece."""
    ids, known = pa.array(piece_ids, pa.string()), families["piece_id"]
    pieces = pc.replace_substring_regex(ids, ":[^:]*$", "")
    rows = pc.coalesce(pc.index_in(ids, value_set=known), pc.index_in(pieces, value_set=known))
    if rows.null_count:
        piece = ids.filter(rows.is_null())[0]
        raise SplitError(f"{piece}: data/families.parquet does not know this piece; run `dvc repro families`")
    return np.asarray(rows, dtype=np.int64)
