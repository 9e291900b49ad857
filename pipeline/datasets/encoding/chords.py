"""Transpose the chord symbols of the rows with their pieces."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline.core.chords import transpose
from pipeline.datasets.columns.ragged import Ints


def transpose_chords(chord: pa.ChunkedArray, semitones: Ints) -> pa.Array:
    """Transpose a list column of chords in Harte's syntax; null, "N" and "X" stay.

    Args:
        chord: n lists, null where a piece has no chord symbols.
        semitones: (n,) transposition of each row.
    """
    lists = chord.combine_chunks()
    lengths = lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    if not lengths.any():
        return lists
    names = lists.flatten().dictionary_encode()
    index = names.indices.fill_null(len(names.dictionary)).to_numpy(zero_copy_only=False).astype(np.int64)
    known = [*names.dictionary.to_pylist(), None]
    pairs, inverse = np.unique(index * 12 + np.repeat(semitones % 12, lengths), return_inverse=True)
    moved = [_moved(known[pair // 12], int(pair % 12)) for pair in pairs]
    values = pa.array(moved, pa.string()).take(pa.array(inverse))
    offsets = pa.array(np.append(0, np.cumsum(lengths)), pa.int32())
    return pa.ListArray.from_arrays(offsets, values, mask=lists.is_null())


def _moved(chord: str | None, semitones: int) -> str | None:
    return None if chord is None else transpose(chord, semitones)
