"""The distinct tunes among the pieces of a split; relations depend only on the tunes.

Pieces with the same intervals, melody (in any key), beats and title are one tune: each
rule holds for all of them or for none, so copies need not be compared separately.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pyarrow as pa

from pipeline.core.lists import flatten
from pipeline.datasets.columns.ngrams import RunIndex, Sequences
from pipeline.datasets.columns.ragged import Bools, Ints
from pipeline.datasets.families.alignment import ON_BEAT, MelodyLines
from pipeline.datasets.families.idiom import RUNS_METADATA
from pipeline.datasets.families.ngram_overlap import Runs, containing
from pipeline.datasets.families.tune_families import normal_title, title_numbers

DIGEST = np.dtype("V32")  # a sha256
PIECES_AT_ONCE = 8192
MOST_BEARERS = 100  # families; a title of more unrelated tunes is generic
# words that editions add to a title or leave out
TYPES = {"a", "air", "an", "hornpipe", "jig", "march", "reel", "strathspey", "the", "waltz"}


@dataclass(frozen=True)
class Tunes:
    """The t tunes of n pieces.

    Attributes:
        of: (n,) the tune of each piece.
        intervals, skeletons, lines: (t) the features of each tune.
        titles: (t,) equal titles have equal numbers; -1 for no title or a generic one.
        run: length in intervals of a shared run that makes two pieces one family.
        index: the runs of that length.
        inner, outer: pairs of a short tune and a tune that contains it.
        common: by length, the runs of skeletons and intervals that are idiom.
    """

    of: Ints
    intervals: Sequences
    skeletons: Sequences
    lines: MelodyLines
    titles: Ints
    run: int
    index: RunIndex
    inner: Ints
    outer: Ints
    common: Mapping[str, Runs]

    def __len__(self) -> int:
        return len(self.titles)

    @classmethod
    def among(cls, rows: Ints, families: pa.Table) -> Tunes:
        """The tunes of some pieces.

        Args:
            rows: (n,) numbers of rows of ``families``.
            families: rows of ``tables.FAMILIES`` of all corpora, with the metadata of
                ``idiom.families_metadata``. Which titles are generic and which runs are idiom
                depends on all of them, so that the relation of two pieces does not depend on
                the data set.
        """
        keys, title = title_numbers(families["title"], title_key)
        of, first = _numbered(_in_portions(families, rows), (keys[number] for number in title[rows]))
        first = rows[first]
        metadata = families.schema.metadata
        run = int(metadata[b"family_run"])
        intervals = _sequences(families, "intervals", first)
        short = np.flatnonzero(families["n_intervals"].to_numpy()[first] < run)
        inner, outer = containing(intervals, short)
        melodies = _in_portions(families.select(["melody"]), first)
        common = json.loads(metadata.get(RUNS_METADATA.encode(), b"{}"))
        return cls(
            of=of,
            intervals=intervals,
            skeletons=_sequences(families, "skeleton", first),
            lines=MelodyLines.join([MelodyLines.from_column(some["melody"]) for some in melodies]),
            titles=_telling_titles(keys, title, families["tune_family"])[first],
            run=run,
            index=RunIndex.of(intervals, run),
            inner=inner,
            outer=outer,
            common={name: np.array(runs, np.uint64) for name, runs in common.items()},
        )

    def with_any(self, chosen: Bools) -> Bools:
        """(t,) True for the tunes of the chosen pieces."""
        found = np.zeros(len(self), bool)
        found[self.of[chosen]] = True
        return found

    def first_of(self, chosen: Bools) -> Ints:
        """(t,) the first of the chosen pieces of every tune, -1 for none."""
        first = np.full(len(self), -1)
        rows = np.flatnonzero(chosen)[::-1]
        first[self.of[rows]] = rows
        return first


def title_key(title: str | None) -> str:
    """The key of a title, which is the same over editions of one tune.

    >>> title_key("The Hare in the Corn -- Jig"), title_key("Hare in the Corn.")
    ('hare in corn', 'hare in corn')
    >>> title_key("The Reel")
    'the reel'
    """
    plain = normal_title(title)
    return " ".join(word for word in plain.split() if word not in TYPES) or plain


def _in_portions(families: pa.Table, rows: Ints) -> Iterator[pa.Table]:
    """Some rows in their order, a few thousand at a time; one empty portion if there are none."""
    for begin in range(0, max(len(rows), 1), PIECES_AT_ONCE):
        yield families.take(pa.array(rows[begin : begin + PIECES_AT_ONCE]))


def _sequences(families: pa.Table, column: str, rows: Ints) -> Sequences:
    portions = _in_portions(families.select([column]), rows)
    return Sequences.join([Sequences.from_column(some[column]) for some in portions])


def _numbered(portions: Iterable[pa.Table], titles: Iterable[str]) -> tuple[Ints, Ints]:
    """(n,) the tune of each piece, and (t,) the first piece of each tune."""
    of_title = iter(titles)
    digests = np.concatenate(
        [np.array([*_digests(some, islice(of_title, len(some)))], DIGEST) for some in portions]
    )
    _, first, of = np.unique(digests, return_index=True, return_inverse=True)
    order = np.argsort(first)
    number = np.empty(len(first), np.int64)
    number[order] = np.arange(len(first))
    return number[of], first[order]


def _digests(pieces: pa.Table, titles: Iterable[str]) -> Iterator[bytes]:
    """The digest of everything by which a piece is compared."""
    offsets, melody = flatten(pieces["melody"])
    notes = np.asarray(melody, dtype=np.uint8)
    pitch = (notes % ON_BEAT).astype(np.int16)
    intervals, skeletons = (Sequences.from_column(pieces[name]) for name in ("intervals", "skeleton"))
    for piece, title in enumerate(titles):
        here = slice(offsets[piece], offsets[piece + 1])
        shape = (pitch[here] - pitch[here][:1]).tobytes() + (notes[here] // ON_BEAT).tobytes()
        parts = (intervals.piece(piece).tobytes(), skeletons.piece(piece).tobytes(), shape)
        digest = hashlib.sha256(repr((*map(len, parts), title)).encode())
        for part in parts:
            digest.update(part)
        yield digest.digest()


def _telling_titles(keys: Sequence[str], title: Ints, families: pa.ChunkedArray) -> Ints:
    """Titles as numbers, -1 for those without a letter and for generic ones."""
    family = np.asarray(families.combine_chunks().dictionary_encode().indices, dtype=np.int64)
    bearers = np.bincount(np.unique(title * len(family) + family) // max(len(family), 1), minlength=len(keys))
    telling = (bearers <= MOST_BEARERS) & np.array([key != "" for key in keys])
    return np.where(telling[title], title, -1)
