import numpy as np
import pyarrow as pa

from pipeline.core.lists import as_lists, flatten


def test_list_columns_are_flat_arrays_inside() -> None:
    column = pa.chunked_array([pa.array([[1, 2], None]), pa.array([[], [3]], pa.list_(pa.int64()))])
    offsets, values = flatten(column)
    assert offsets.tolist() == [0, 2, 2, 2, 3]
    assert values.tolist() == [1, 2, 3]
    assert flatten(column.slice(3))[1].tolist() == [3]
    assert as_lists(offsets, np.asarray(values), pa.int32()).to_pylist() == [[1, 2], [], [], [3]]
