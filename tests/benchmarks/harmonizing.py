"""Chords of bars predicted from melodies; see ``tests.benchmarks.chords``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa


def harmonizing(rows: pa.Table, seeds: Sequence[int]) -> dict[str, Any]:
    raise NotImplementedError
