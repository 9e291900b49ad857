"""Tune families: which pieces share a melody.

Two pieces belong to one family if any of their parts share a run of
``family_run`` intervals. Transposition and silence are ignored and immediate
repeats of a pitch are merged; a piece without a part of that length is represented by
its whole longest part. Families are the connected components. All parts are compared,
so that no voice of a test piece occurs in the training data. In corpora with
``soft``, pieces with the same normalized title or a common beat skeleton also belong
to one family. Soft relatives of other corpora are listed, for the embargo of a split.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field

from pipeline.core.lists import as_lists, flatten
from pipeline.core.music import TICKS_PER_QUARTER
from pipeline.core.schemas import FAMILIES
from pipeline.core.settings import Section
from pipeline.datasets.columns.chunks import in_portions
from pipeline.datasets.columns.ngrams import BREAK, Sequences, components, holders
from pipeline.datasets.columns.ragged import (
    Ints,
    minima,
    offsets_from_owners,
    offsets_of,
    owners,
    run_starts,
    take,
)
from pipeline.datasets.columns.skyline import Lines, read_lines, skyline
from pipeline.datasets.families.alignment import ON_BEAT
from pipeline.datasets.families.idiom import SKELETON_RUN, Idiom
from pipeline.datasets.families.ngram_overlap import related
from pipeline.datasets.families.relatives import (
    CONTAINED_IN_TEN,
    Progress,
    Related,
    related_pairs,
    relatives_column,
)
from pipeline.datasets.families.titles import normal_title, title_numbers
from pipeline.datasets.families.tunes import Tunes

ID_LENGTH = 16  # hex digits of the sha256
NO_DIGEST = b"\xff" * 33  # after every sha256
OVERLAPS_PER_QUARTER = 4  # the grid on which overlaps are compared: half a sixteenth is legato
MELODY = "soprano"  # the part whose beats make the skeleton; otherwise the top part


class FamilySettings(Section):
    """The section ``families``.

    Attributes:
        family_run: length in intervals of a shared run that makes two pieces relatives.
        soft: corpora in which soft relatives also belong to the family.
    """

    family_run: int = Field(ge=4, le=64)
    soft: dict[str, bool]


@dataclass(frozen=True)
class _PieceMelodies:
    """The features by which pieces are compared.

    Attributes:
        names: piece_id, corpus and title of each piece.
        intervals: intervals of all parts.
        skeletons: beat skeletons of the melody.
        melodies: list<uint8>, as in the column of ``schemas.FAMILIES``.
        longest: int32, intervals of the longest part.
    """

    names: pa.Table
    intervals: Sequences
    skeletons: Sequences
    melodies: pa.Array
    longest: NDArray[np.int32]


def find_families(notes: pa.Table, settings: FamilySettings) -> pa.Table:
    """Families of all pieces.

    Args:
        notes: rows of ``schemas.NOTES`` of all corpora, in any order.

    Returns:
        Rows of ``schemas.FAMILIES``, sorted by piece_id.
    """
    notes = notes.sort_by([("piece_id", "ascending"), ("part", "ascending")])
    return families_of_portions(in_portions(notes), settings)


def families_of_portions(
    portions: Iterable[pa.Table], settings: FamilySettings, progress: Progress = iter
) -> pa.Table:
    """Find families of notes that arrive in order, in portions of whole pieces.

    Args:
        progress: as in :func:`~pipeline.datasets.families.relatives.related_pairs`.
    """
    families, idiom = _grouped(portions, settings)
    tunes = Tunes.of_pieces(families, settings.family_run)
    return _with_relatives(families, tunes, related_pairs(tunes, idiom, progress=progress))


def _grouped(portions: Iterable[pa.Table], settings: FamilySettings) -> tuple[pa.Table, Idiom]:
    """The table without its columns ``tune`` and ``relatives``, and the idiom of all pieces."""
    names, intervals, skeletons, melodies, longest = _joined(_read(notes) for notes in portions)
    soft = _soft_links(names, skeletons, settings)
    hard = (part.links() for part in holders(intervals, settings.family_run))
    root = components(names.num_rows, chain([soft], hard))
    columns = {
        "piece_id": names["piece_id"],
        "corpus": names["corpus"],
        "tune_family": _family_ids(intervals, root),
        "title": names["title"],
        "published_split": names["published_split"],
        "n_intervals": longest,
        "family_size": np.bincount(root, minlength=len(root))[root].astype(np.int32),
        "intervals": intervals.column(),
        "skeleton": skeletons.column(),
        "melody": melodies,
    }
    return pa.table(columns), Idiom.of(intervals, skeletons)


def _with_relatives(families: pa.Table, tunes: Tunes, pairs: Iterator[Related]) -> pa.Table:
    """Add the columns ``tune`` and ``relatives``."""
    columns = {
        **dict(zip(families.column_names, families.columns, strict=True)),
        "tune": pa.array(tunes.of, pa.int32()),
        "relatives": relatives_column(tunes, pairs),
    }
    return pa.table({name: columns[name] for name in FAMILIES.names}, schema=FAMILIES)


def _joined(
    portions: Iterable[_PieceMelodies],
) -> tuple[pa.Table, Sequences, Sequences, pa.Array, NDArray[np.int32]]:
    """The features of all pieces, each in one piece of memory; the portions are given up one after the other.

    What the allocator keeps between thousands of small arrays is more than the arrays.
    """
    names, intervals, skeletons, melodies, longest = map(
        list,
        zip(
            *((each.names, each.intervals, each.skeletons, each.melodies, each.longest) for each in portions),
            strict=True,
        ),
    )
    all_intervals = Sequences.join(intervals)
    intervals.clear()
    all_skeletons = Sequences.join(skeletons)
    skeletons.clear()
    all_melodies = pa.concat_arrays(melodies)
    melodies.clear()
    all_names = pa.concat_tables(names)
    names.clear()
    return all_names.combine_chunks(), all_intervals, all_skeletons, all_melodies, np.concatenate(longest)


def _read(notes: pa.Table) -> _PieceMelodies:
    first = _first_rows(notes)
    rows = _melody_rows(notes, first)
    melody, _ = skyline(read_lines(notes, np.arange(notes.num_rows)), OVERLAPS_PER_QUARTER)
    return _PieceMelodies(
        notes.select(["piece_id", "corpus", "title", "published_split"]).take(pa.array(first)),
        part_intervals(melody, first),
        beat_skeletons(melody, notes, rows),
        melodies_on_beats(melody, notes, rows),
        _longest(melody, notes.num_rows, first),
    )


def part_intervals(melody: Lines, first: Ints) -> Sequences:
    """The intervals of every piece, part by part.

    Args:
        melody: single notes, one line per row of the notes table.
        first: number of the first line of each piece.
    """
    changes = melody.where(run_starts(melody.line, melody.pitch))
    begins = np.zeros(len(changes.line), bool)
    begins[run_starts(changes.line)] = True
    values = np.diff(changes.pitch, prepend=0)
    values[begins] = BREAK
    piece = np.searchsorted(first, changes.line, side="right") - 1
    begins_piece = np.zeros(len(changes.line), bool)
    begins_piece[run_starts(piece)] = True
    kept = ~begins_piece
    return Sequences(offsets_from_owners(piece[kept], len(first)), values[kept].astype(np.int8))


def beat_skeletons(melody: Lines, notes: pa.Table, rows: Ints) -> Sequences:
    """Intervals between the pitches that sound on the beats, repeats merged.

    A beat is a quarter, counted from the first written bar line if bars are
    known, otherwise from the start.

    Args:
        rows: the melody line of each piece.
    """
    phase = _first_beats(notes)[rows]
    ends = notes["end"].to_numpy().astype(np.int64)[rows]
    beat_offsets = offsets_of(np.maximum(-(-(ends - phase) // TICKS_PER_QUARTER), 0))
    piece = owners(beat_offsets)
    beat = phase[piece] + (np.arange(len(piece)) - beat_offsets[piece]) * TICKS_PER_QUARTER
    stride = int(max(melody.end.max(initial=0), ends.max(initial=0))) + 1
    note = np.searchsorted(melody.line * stride + melody.onset, rows[piece] * stride + beat, side="right") - 1
    sounds = (note >= 0) & (melody.line[note] == rows[piece]) & (melody.end[note] > beat)
    piece, pitch = piece[sounds], melody.pitch[note[sounds]]
    changes = run_starts(piece, pitch)
    piece, pitch = piece[changes], pitch[changes]
    inner = np.ones(len(piece), bool)
    inner[run_starts(piece)] = False
    steps = np.diff(pitch, prepend=0)[inner].astype(np.int8)
    return Sequences(offsets_from_owners(piece[inner], len(rows)), steps)


def melodies_on_beats(melody: Lines, notes: pa.Table, rows: Ints) -> pa.Array:
    """The notes of each melody; notes that begin on a beat are marked by ON_BEAT.

    Args:
        rows: the melody line of each piece.

    Returns:
        list<uint8>, one list per piece.
    """
    offsets, at = take(offsets_from_owners(melody.line, notes.num_rows), rows)
    since = melody.onset[at] - np.repeat(_first_beats(notes)[rows], np.diff(offsets))
    values = melody.pitch[at] + ON_BEAT * (since % TICKS_PER_QUARTER == 0)
    return as_lists(offsets, values.astype(np.uint8), pa.uint8())


def _first_beats(notes: pa.Table) -> Ints:
    """The first beat of every line, in ticks: the phase of its bar lines."""
    offsets, bars = flatten(notes["bar_onsets"])
    return np.asarray(minima(bars, offsets) % TICKS_PER_QUARTER)


def _soft_links(names: pa.Table, skeletons: Sequences, settings: FamilySettings) -> tuple[Ints, Ints]:
    """Pairs of pieces of corpora with ``soft`` that have a similar skeleton or the same title."""
    corpora = pa.array([corpus for corpus, soft in settings.soft.items() if soft], pa.string())
    soft = np.asarray(pc.is_in(names["corpus"], value_set=corpora), dtype=bool)
    chosen = np.flatnonzero(soft)
    melodies = skeletons.where(soft)
    a, b, common, smaller = related(melodies, melodies, SKELETON_RUN)
    alike = 10 * common >= CONTAINED_IN_TEN * smaller
    keys, title = title_numbers(names["title"].filter(pa.array(soft)), normal_title)
    named = np.flatnonzero(np.array([key != "" for key in keys], bool)[title])
    _, first, place = np.unique(title[named], return_index=True, return_inverse=True)
    left, right = chosen[named], chosen[named[first[place]]]
    return np.append(chosen[a[alike]], left), np.append(chosen[b[alike]], right)


def _family_ids(intervals: Sequences, root: Ints) -> pa.Array:
    """The smallest digest of the members' sequences, for every piece."""
    families, number = np.unique(root, return_inverse=True)
    smallest = [NO_DIGEST] * len(families)
    for piece, family in enumerate(number):
        digest = hashlib.sha256(intervals.piece(piece).tobytes()).digest()
        if digest < smallest[family]:
            smallest[family] = digest
    ids = pa.array([digest.hex()[:ID_LENGTH] for digest in smallest], pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(number), ids).cast(pa.string())


def _first_rows(notes: pa.Table) -> Ints:
    """The row of the first part of every piece."""
    codes = notes["piece_id"].combine_chunks().dictionary_encode().indices
    return run_starts(codes.to_numpy())


def _melody_rows(notes: pa.Table, first: Ints) -> Ints:
    """The row of the part named Soprano of every piece, or else of its first part."""
    names = ["".join((name or "").split()[:1]).casefold() for name in notes["part_name"].to_pylist()]
    named = np.flatnonzero([name == MELODY for name in names])
    rows = first.copy()
    piece = np.searchsorted(first, named, side="right") - 1
    rows[piece[::-1]] = named[::-1]
    return rows


def _longest(melody: Lines, n_rows: int, first: Ints) -> NDArray[np.int32]:
    """Intervals of the longest part of every piece."""
    changes = np.bincount(melody.line[run_starts(melody.line, melody.pitch)], minlength=n_rows)
    if not n_rows:
        return np.zeros(0, np.int32)
    return np.asarray(np.maximum(np.maximum.reduceat(changes, first) - 1, 0), dtype=np.int32)
