"""Stages do not import pandas unless something needs it."""

import subprocess
import sys

CONVERSIONS = """
import sys
import pyarrow as pa
from pipeline.workflow.imports import without_pandas
without_pandas()
assert pa.array([1, None]).null_count == 1
assert pa.schema([("a", pa.int8())]).empty_table().num_rows == 0
assert "pandas" not in sys.modules
"""

TO_AND_FROM_PANDAS = """
frame = pa.table({"a": [1, 2]}).to_pandas()
assert pa.Table.from_pandas(frame).to_pydict() == {"a": [1, 2]}
assert pa.array(frame["a"]).to_pylist() == [1, 2]
"""


def test_conversions_of_lists_do_not_import_pandas() -> None:
    subprocess.run([sys.executable, "-c", CONVERSIONS], check=True)


def test_conversions_to_and_from_pandas_still_work() -> None:
    code = CONVERSIONS + TO_AND_FROM_PANDAS
    subprocess.run([sys.executable, "-c", code], check=True)
