"""Signal handlers of child processes, independent of how the tests themselves were started."""

from __future__ import annotations

import signal


def default_signals() -> None:
    """Set the default handlers in a child, as its ``preexec_fn``.

    A shell starts a job in the background (``pytest &``) with SIGINT ignored, ``nohup`` one with SIGHUP
    ignored, and children inherit that. A test of an interruption needs them.
    """
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
