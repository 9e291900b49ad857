"""The different tunes among the pieces of a split: what their relations depend on.

Pieces that agree in intervals, melody (in any key), beats and title are one tune: all
rules hold for all of them or for none, so copies need no comparisons of their own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.core.tables import flatten
from pipeline.datasets.columns.ngrams import RunIndex, Sequences
from pipeline.datasets.columns.ragged import Bools, Ints
from pipeline.datasets.families.alignment import ON_BEAT, MelodyLines
from pipeline.datasets.families.idiom import RUNS_METADATA
from pipeline.datasets.families.ngram_overlap import Runs, containing
from pipeline.datasets.families.tune_families import normal_title

MOST_BEARERS = 100  # families: a title of more unrelated tunes is generic
# words that editions add to a title or leave out
TYPES = {"a", "air", "an", "hornpipe", "jig", "march", "reel", "strathspey", "the", "waltz"}


@dataclass(frozen=True)
class Tunes:
    """The t tunes of n pieces.

    Attributes:
        of: (n,) the tune of each piece.
        intervals, skeletons, lines: (t) of each tune.
        titles: (t,) equal titles have equal numbers; -1 for none, and for generic ones.
        run: intervals that make two pieces one family.
        index: the runs of that length.
        inner, outer: pairs of tunes, a short one and one that contains it.
        common: by length of the runs, those of skeletons and intervals that are idiom.
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
    def among(cls, pieces: pa.Table, families: pa.Table) -> Tunes:
        """The tunes of some pieces.

        Args:
            pieces: rows of ``families``.
            families: rows of ``tables.FAMILIES`` of all corpora, with the metadata of
                ``idiom.families_metadata``. Which titles are generic and which runs are idiom
                depends on all of them, so that two pieces are related or not whatever
                data set they are in.
        """
        of, first = _numbered(pieces)
        chosen = pieces.take(pa.array(first))
        metadata = families.schema.metadata
        run = int(metadata[b"family_run"])
        intervals = Sequences.from_column(chosen["intervals"])
        short = np.flatnonzero(chosen["n_intervals"].to_numpy() < run)
        inner, outer = containing(intervals, short)
        common = json.loads(metadata.get(RUNS_METADATA.encode(), b"{}"))
        return cls(
            of=of,
            intervals=intervals,
            skeletons=Sequences.from_column(chosen["skeleton"]),
            lines=MelodyLines.from_column(chosen["melody"]),
            titles=_titles(chosen["title"], families),
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
        """(t,) of every tune the first of the chosen pieces, -1 for none."""
        first = np.full(len(self), -1)
        rows = np.flatnonzero(chosen)[::-1]
        first[self.of[rows]] = rows
        return first


def title_key(title: str | None) -> str:
    """What titles of one tune have in common over editions.

    >>> title_key("The Hare in the Corn -- Jig"), title_key("Hare in the Corn.")
    ('hare in corn', 'hare in corn')
    >>> title_key("The Reel")
    'the reel'
    """
    plain = normal_title(title)
    return " ".join(word for word in plain.split() if word not in TYPES) or plain


def _numbered(pieces: pa.Table) -> tuple[Ints, Ints]:
    """(n,) the tune of each piece, and (t,) the first piece of each tune."""
    offsets, melody = flatten(pieces["melody"])
    notes = np.asarray(melody, dtype=np.uint8)
    pitch = (notes % ON_BEAT).astype(np.int16)
    rows = pa.Table.from_arrays([pieces[name] for name in ("intervals", "skeleton")], ["i", "s"])
    intervals, skeletons = (Sequences.from_column(rows[name]) for name in ("i", "s"))
    numbers: dict[bytes, int] = {}
    of, first = np.zeros(len(pieces), np.int64), []
    for piece, title in enumerate(pieces["title"].to_pylist()):
        here = slice(offsets[piece], offsets[piece + 1])
        shape = (pitch[here] - pitch[here][:1]).tobytes() + (notes[here] // ON_BEAT).tobytes()
        parts = (intervals.piece(piece).tobytes(), skeletons.piece(piece).tobytes(), shape)
        digest = hashlib.sha256(repr((*map(len, parts), title_key(title))).encode())
        for part in parts:
            digest.update(part)
        number = numbers.setdefault(digest.digest(), len(numbers))
        of[piece] = number
        if number == len(first):
            first.append(piece)
    return of, np.array(first, np.int64)


def _titles(titles: pa.ChunkedArray, families: pa.Table) -> Ints:
    """Titles as numbers, -1 for those without a letter and for generic ones."""
    bearers: dict[str, set[str]] = {}
    rows: Any = zip(families["title"].to_pylist(), families["tune_family"].to_pylist(), strict=True)
    for title, family in rows:
        bearers.setdefault(title_key(title), set()).add(family)
    keys = [title_key(title) for title in titles.to_pylist()]
    told = [key if key and len(bearers[key]) <= MOST_BEARERS else None for key in keys]
    codes = pa.array(told, pa.string()).dictionary_encode().indices
    return np.asarray(codes.fill_null(-1), dtype=np.int64)
