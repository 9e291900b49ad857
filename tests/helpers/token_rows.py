"""Rows of token tables."""

import pyarrow as pa

# three pieces of two corpora, with the columns that tables of figures need
ROWS = pa.table(
    {
        "piece_id": ["ballads/1", "ballads/2", "reels/1"],
        "corpus": ["ballads", "ballads", "reels"],
        "tune_family": ["a", "b", "c"],
        "soft_relative": pa.array([True, False, None], pa.bool_()),
    }
)
