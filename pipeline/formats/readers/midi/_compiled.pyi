from array import array

import numpy as np
from numpy.typing import NDArray

def source_digest() -> str: ...
def scan(
    content: bytes, begins: array[int], stops: array[int]
) -> tuple[
    int,
    int,
    list[tuple[list[tuple[int, int, bytes]], int, bool, int]],
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.bool_],
    list[tuple[int, int]],
]: ...
def pair(
    time: NDArray[np.int64],
    key: NDArray[np.int64],
    is_on: NDArray[np.uint8],
    silences: NDArray[np.int64],
    track_ends: array[int],
) -> tuple[
    list[tuple[int, int, int, int, int, int, int]], NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]
]: ...
