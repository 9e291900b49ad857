"""Encode filtered grids as token rows: key, transposition, codec and round-trip check.

Whole columns are encoded at once. Every row that is written is decoded from
the finished column by the rules of the grammar and compared with its grid after
undoing the transposition.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, Self, get_args

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field, model_validator

from pipeline.core.accounting import Rejection
from pipeline.core.lists import as_lists
from pipeline.core.music import SILENCE
from pipeline.core.schemas import TOKENS
from pipeline.core.settings import Section, SettingsError
from pipeline.core.text import counted, plural
from pipeline.core.vocabulary import START, STOP, TIED
from pipeline.datasets.columns.chunks import Mapped
from pipeline.datasets.columns.ragged import Bools, Ints, maxima, minima, offsets_of, owners
from pipeline.datasets.encoding.chords import transpose_chords
from pipeline.datasets.encoding.distributions import Counts, distributions
from pipeline.datasets.encoding.keys import UNKNOWN, Fallback, Keys, Policy, find_keys
from pipeline.datasets.encoding.round_trip import GridCells, RoundTripError, cells_of, check_round_trip
from pipeline.errors import nearest

PROJECT_VERSION = "1.0.0"
DEFAULT = "default"  # key for every corpus that a mapping does not name
ELSE = "else"  # key for pieces whose source names no key
LOWEST, HIGHEST = 1, 127  # range of sounding notes
OCTAVE = 12
NO_NOTE = 255
OTHER_PIECES = "grids and splits name different pieces; run `dvc repro`"
COUNTED = (  # columns that the data card counts
    *("corpus", "licence", "citation", "split", "voices", "steps_per_quarter", "n_steps", "n_notes", "meter"),
    *("key_fifths", "key_mode", "tonic_pc", "mode_used", "key_source", "transposition"),
)


class EncodeSettings(Section):
    """The section ``encode`` of a data set.

    Attributes:
        key: per corpus, how the key is found (``pipeline.datasets.encoding.keys``); ``default``
            applies to every corpus that is not named, and ``else`` to pieces whose source
            names no key: ``analysis`` finds it from the notes, ``reject`` (the default if ``else``
            is missing) rejects the piece if it needs to be transposed.
        transpose: ``none``, or ``c_major_a_minor`` by -5 … +6 semitones, an octave
            further if a note would otherwise leave 1 … 127.
        max_rows_per_shard: a split with more rows is written to several files.
    """

    key: dict[str, Policy | Literal["reject"]] = Field(min_length=1)
    transpose: Literal["none", "c_major_a_minor"]
    max_rows_per_shard: int = Field(ge=1, le=10_000_000)

    @model_validator(mode="after")
    def _key_is_found(self) -> Self:
        for corpus, policy in self.key.items():
            if corpus == ELSE and policy not in get_args(Fallback):
                raise ValueError(f"key.{ELSE}: found '{policy}'; allowed are {', '.join(get_args(Fallback))}")
            if corpus != ELSE and policy not in get_args(Policy):
                raise ValueError(f"key.{corpus}: found '{policy}'; allowed are {', '.join(get_args(Policy))}")
        return self

    @property
    def fallback(self) -> Fallback:
        """Policy for pieces whose source names no key."""
        return "analysis" if self.key.get(ELSE) == "analysis" else "reject"

    def policy(self, corpus: str) -> Policy:
        """How the key of a corpus is found.

        Raises:
            SettingsError: neither the corpus nor ``default`` is named.
        """
        found = self.key.get(corpus, self.key.get(DEFAULT)) if corpus != ELSE else None
        if found is None or found == "reject":
            raise SettingsError(f"encode.key: nothing for corpus '{corpus}'; {nearest(corpus, self.key)}")
        return found


@dataclass(frozen=True)
class Encoded:
    """Token rows of a data set.

    Attributes:
        rows: rows of ``schemas.TOKENS``, sorted by piece_id.
        grids: the grids that the rows were made from, in the same order.
        rejections: ``unknown_key`` and ``pitch_out_of_range``.
    """

    rows: pa.Table
    grids: pa.Table
    rejections: list[Rejection]

    def outline(self) -> Encoded:
        """The columns that the data card counts, texts as numbers: a few bytes per piece."""
        return Encoded(_outline(self.rows), _outline(self.grids), self.rejections)


@dataclass(frozen=True)
class EncodedPortion:
    """A portion of a data set, encoded.

    Attributes:
        incoming: piece_id of every grid.
        rows: rows of ``schemas.TOKENS``, sorted by piece_id.
        outline: see ``Encoded.outline``.
        distributions: see :func:`distributions.distributions`.
    """

    incoming: list[str]
    rows: pa.Table
    outline: Encoded
    distributions: Counts


def encode_rows(grids: pa.Table, splits: pa.Table, settings: EncodeSettings) -> Encoded:
    """Transpose and encode every grid of a data set.

    Args:
        grids: rows of ``schemas.GRIDS``, filtered.
        splits: rows of ``schemas.SPLITS`` for the same piece_ids.

    Raises:
        RoundTripError: a row does not decode to its grid.
    """
    grids, splits = grids.sort_by("piece_id"), splits.sort_by("piece_id")
    if grids["piece_id"].to_pylist() != splits["piece_id"].to_pylist():
        raise RoundTripError(OTHER_PIECES)
    policies = [settings.policy(corpus) for corpus in grids["corpus"].to_pylist()]
    keys = find_keys(grids, _sounding(cells_of(grids)), policies, settings.fallback)
    transposed = settings.transpose != "none"
    shift, broken = _transposition(grids, keys) if transposed else (np.zeros_like(keys.home), [])
    rejected = {rejection.piece_id for rejection in broken}
    stays = np.array([piece not in rejected for piece in grids["piece_id"].to_pylist()], bool)
    chosen = pa.array(stays)
    kept = grids.filter(chosen)
    tokens = _encode(cells_of(kept), shift[stays])
    check_round_trip(kept, tokens, shift[stays])
    columns = {
        **{name: kept[name] for name in TOKENS.names if name in kept.column_names},
        **{name: splits[name].filter(chosen) for name in splits.column_names},
        "tokens": tokens,
        "chord": transpose_chords(kept["chord"], shift[stays]),
        "tonic_pc": pa.array(keys.tonic[stays], pa.int8(), mask=keys.tonic[stays] == UNKNOWN),
        "mode_used": _text(keys.mode[stays]),
        "key_source": _text(keys.source[stays]),
        "transposition": shift[stays].astype(np.int16),
    }
    rows = pa.table({name: columns[name] for name in TOKENS.names}, schema=TOKENS)
    return Encoded(rows, kept, broken)


def encode_portions(
    portions: Iterable[pa.Table], splits: pa.Table, settings: EncodeSettings, mapped: Mapped = map
) -> Iterator[EncodedPortion]:
    """Encode grids that arrive in portions, in order of piece_id; see :func:`encode_rows`.

    Args:
        splits: rows of ``schemas.SPLITS`` for all portions, sorted by piece_id.
        mapped: how the portions are distributed.

    Raises:
        RoundTripError: a row does not decode to its grid, or is of a piece without a split.
    """
    yield from mapped(partial(_encode_portion, settings=settings), _with_splits(portions, splits))


def _with_splits(portions: Iterable[pa.Table], splits: pa.Table) -> Iterator[tuple[pa.Table, pa.Table]]:
    for grids in portions:
        n = grids.num_rows
        yield grids, splits.slice(0, n).take(pa.array(np.arange(min(n, splits.num_rows))))
        splits = splits.slice(n)
    if splits.num_rows:
        raise RoundTripError(OTHER_PIECES)


def _encode_portion(portion: tuple[pa.Table, pa.Table], settings: EncodeSettings) -> EncodedPortion:
    grids, splits = portion
    made = encode_rows(grids, splits, settings)
    return EncodedPortion(grids["piece_id"].to_pylist(), made.rows, made.outline(), distributions(made.rows))


def join(portions: Sequence[Encoded]) -> Encoded:
    """Concatenate all rows, grids and rejections, in order."""
    return Encoded(
        pa.concat_tables([each.rows for each in portions]).unify_dictionaries(),
        pa.concat_tables([each.grids for each in portions]).unify_dictionaries(),
        [rejection for each in portions for rejection in each.rejections],
    )


def _encode(cells: GridCells, shift: Ints) -> pa.Array:
    """Token lists: START, the tokens, STOP for every row."""
    row = owners(cells.offsets)
    pitch = cells.pitch.astype(np.int64)
    pitch += np.where(pitch == SILENCE, 0, shift[row])
    offsets = offsets_of(np.diff(cells.offsets) + 2)
    tokens = np.empty(offsets[-1], np.uint16)
    tokens[offsets[:-1]] = START
    tokens[offsets[1:] - 1] = STOP
    tokens[np.arange(len(row)) + 2 * row + 1] = pitch + TIED * cells.tied
    return as_lists(offsets, tokens, pa.uint16())


def _sounding(cells: GridCells) -> Ints:
    """(n, 12) steps that each pitch class sounds, over all voices."""
    n = len(cells.offsets) - 1
    sounds = cells.pitch != SILENCE
    place = owners(cells.offsets)[sounds] * OCTAVE + cells.pitch[sounds] % OCTAVE
    return np.bincount(place, minlength=n * OCTAVE).reshape(n, OCTAVE)


def _transposition(grids: pa.Table, keys: Keys) -> tuple[Ints, list[Rejection]]:
    """Transposition of every grid in semitones, and rejections of grids that cannot be transposed."""
    cells = cells_of(grids)
    low = minima(np.where(cells.pitch == SILENCE, NO_NOTE, cells.pitch), cells.offsets, empty=LOWEST)
    high = maxima(cells.pitch, cells.offsets, empty=HIGHEST)
    shift = keys.shift
    shift = np.where(low + shift < LOWEST, shift + OCTAVE, shift)
    shift = np.where((high + shift > HIGHEST) & (low + shift - OCTAVE >= LOWEST), shift - OCTAVE, shift)
    broken = [
        Rejection(
            piece,
            "unknown_key",
            detail=f"the source's key: {fifths} {plural(fifths, 'fifth')}, mode '{mode or ''}'",
        )
        for piece, fifths, mode in _where(grids, keys.home == UNKNOWN)
    ]
    for value, limit, wrong in (
        (low + shift, LOWEST, low + shift < LOWEST),
        (high + shift, HIGHEST, high + shift > HIGHEST),
    ):
        for row in np.flatnonzero(wrong & (keys.home != UNKNOWN)):
            piece, found = grids["piece_id"][int(row)].as_py(), float(value[row])
            detail = f"transposed by {counted(int(shift[row]), 'semitone')}"
            broken.append(
                Rejection(piece, "pitch_out_of_range", value=found, limit=float(limit), detail=detail)
            )
    return shift, broken


def _where(grids: pa.Table, chosen: Bools) -> list[tuple[Any, ...]]:
    found = grids.select(["piece_id", "key_fifths", "key_mode"]).filter(pa.array(chosen))
    return [tuple(row.values()) for row in found.to_pylist()]


def _outline(table: pa.Table) -> pa.Table:
    found = {name: table[name] for name in COUNTED if name in table.column_names}
    texts = {name: column.dictionary_encode() for name, column in found.items() if column.type == pa.string()}
    return pa.table({**found, **texts})


def _text(values: NDArray[np.str_]) -> pa.Array:
    return pa.array([value or None for value in values.tolist()], pa.string())
