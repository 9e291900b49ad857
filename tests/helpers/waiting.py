"""Waiting for something that another process does."""

from __future__ import annotations

import time
from collections.abc import Callable

SECONDS_BETWEEN_LOOKS = 0.02


def wait_until(condition: Callable[[], object], seconds: float = 60.0, what: str = "it") -> None:
    """Return as soon as a condition holds.

    Raises:
        AssertionError: it does not hold within so many seconds.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:g} seconds for {what}"
        time.sleep(SECONDS_BETWEEN_LOOKS)
