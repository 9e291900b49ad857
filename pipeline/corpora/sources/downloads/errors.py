"""The error that ends one attempt at a download."""

from __future__ import annotations

from pipeline.core.text import safe_line


class AttemptError(Exception):
    """One attempt failed.

    Attributes:
        again: whether another attempt at the same address may succeed.
        busy: whether the host requests a pause of all connections.
        retry_after: requested pause in seconds; None if the host gives no time.
    """

    def __init__(
        self, reason: str, again: bool = True, busy: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(safe_line(reason))
        self.again = again
        self.busy = busy
        self.retry_after = retry_after
