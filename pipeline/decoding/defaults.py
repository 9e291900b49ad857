"""Default decoding of continuations.

Chosen on the validation split by ``python -m tests.benchmarks.continuing``: with them the
share of repeated bars, the entropy of bars and the lengths of continuations are closest to
those of the true continuations. ``data/benchmarks/continuing.json`` keeps the figures.
"""

from __future__ import annotations

TEMPERATURE = 0.8
TOP_P = 1.0
REPETITION_NATS = 2.0
