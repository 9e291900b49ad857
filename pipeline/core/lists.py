"""List columns of Arrow as offsets and values, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


def flatten(column: pa.ChunkedArray | pa.Array) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """A list column as (offsets, values): row i holds values[offsets[i]:offsets[i + 1]].

    Null rows are empty. The arrays start at 0 even for a sliced column.
    """
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    lengths = np.asarray(pc.fill_null(pc.list_value_length(array), 0), dtype=np.int64)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return offsets, array.flatten().to_numpy(zero_copy_only=False)


def as_lists(
    offsets: NDArray[np.int64],
    values: NDArray[Any],
    type_: pa.DataType,
    null: NDArray[np.bool_] | None = None,
) -> pa.Array:
    """The inverse of ``flatten``: a list column of the given value type.

    Args:
        null: True for rows that are null; their lists are empty. None: no nulls.
    """
    mask = None if null is None else pa.array(null)
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(values, type_), mask=mask)
