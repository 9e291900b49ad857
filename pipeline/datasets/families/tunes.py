"""The distinct tunes among pieces; relations depend only on the tunes.

Pieces with the same intervals, melody (in any key), beats and title are one tune: each
rule holds for all of them or for none, so copies need not be compared separately.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pyarrow as pa

from pipeline.core.lists import flatten
from pipeline.datasets.columns.ngrams import Sequences
from pipeline.datasets.columns.ragged import Ints
from pipeline.datasets.families.alignment import ON_BEAT, MelodyLines
from pipeline.datasets.families.ngram_overlap import containing
from pipeline.datasets.families.titles import title_key, title_numbers

DIGEST = np.dtype("V32")  # a sha256
PIECES_AT_ONCE = 8192
MOST_BEARERS = 100  # families; a title of more unrelated tunes is generic


@dataclass(frozen=True)
class Tunes:
    """The t tunes of n pieces, in the order of their first pieces.

    Attributes:
        of: (n,) the tune of each piece.
        first: (t,) the first piece of each tune.
        intervals, skeletons, lines: (t) the features of each tune.
        titles: (t,) equal titles have equal numbers; -1 for no title or a generic one.
        inner, outer: pairs of a short tune and a tune that contains it.
    """

    of: Ints
    first: Ints
    intervals: Sequences
    skeletons: Sequences
    lines: MelodyLines
    titles: Ints
    inner: Ints
    outer: Ints

    def __len__(self) -> int:
        return len(self.first)

    @classmethod
    def of_pieces(cls, families: pa.Table, family_run: int) -> Tunes:
        """The tunes of all pieces.

        Args:
            families: rows of ``schemas.FAMILIES`` of all corpora, without ``tune`` and ``relatives``.
                Which titles are generic depends on all of them.
            family_run: intervals of a shared run that makes two pieces one family; a tune without
                a part of that length is short.
        """
        keys, title = title_numbers(families["title"], title_key)
        of, first = _numbered(_in_portions(families), (keys[number] for number in title))
        rows = None if len(first) == len(families) else pa.array(first)
        intervals = Sequences.from_column(_chosen(families["intervals"], rows))
        short = np.flatnonzero(families["n_intervals"].to_numpy()[first] < family_run)
        inner, outer = containing(intervals, short)
        return cls(
            of=of,
            first=first,
            intervals=intervals,
            skeletons=Sequences.from_column(_chosen(families["skeleton"], rows)),
            lines=MelodyLines.from_column(_chosen(families["melody"], rows)),
            titles=_telling_titles(keys, title, families["tune_family"])[first],
            inner=inner,
            outer=outer,
        )


def _chosen(column: pa.ChunkedArray, rows: pa.Array | None) -> pa.ChunkedArray:
    """Some rows of a column; the column itself if there are no others."""
    return column if rows is None else column.take(rows)


def _in_portions(families: pa.Table) -> Iterator[pa.Table]:
    """A few thousand rows at a time; one empty portion if there are none."""
    for begin in range(0, max(len(families), 1), PIECES_AT_ONCE):
        yield families.slice(begin, PIECES_AT_ONCE)


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
