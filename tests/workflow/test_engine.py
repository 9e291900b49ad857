import os
import tempfile
from pathlib import Path

import pytest

from pipeline.workflow.engine import EngineError, EngineSettings, map_batches

SERIAL = EngineSettings(kind="serial", workers=1, address=None)
TWO = EngineSettings(kind="processes", workers=2, address=None)


def square(number: int) -> int:
    return number * number


def die(number: int) -> int:
    os._exit(number)


@pytest.mark.parametrize("engine", [SERIAL, TWO])
def test_results_come_in_the_order_of_the_batches(engine: EngineSettings) -> None:
    assert list(map_batches(square, range(7), engine)) == [0, 1, 4, 9, 16, 25, 36]


def test_without_batches_no_worker_starts() -> None:
    assert list(map_batches(square, [], TWO)) == []


def test_a_dead_worker_is_an_error() -> None:
    with pytest.raises(EngineError, match="a worker process died"):
        list(map_batches(die, [1, 2], TWO))


def leave_a_file(number: int) -> str:
    return tempfile.mkstemp(prefix=f"{number}-")[1]


def test_workers_leave_no_temporary_files() -> None:
    left = list(map_batches(leave_a_file, [1, 2], TWO))
    assert not any(Path(file).exists() for file in left)


def test_auto_is_at_least_one_worker() -> None:
    assert EngineSettings(kind="processes", workers="auto", address=None).n_workers() >= 1
    assert EngineSettings(kind="serial", workers="auto", address=None).n_workers() == 1
