"""Tempi in quarter notes per minute."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction

from pipeline.formats.readers.base.staff import Ticks

SLOWEST, FASTEST = 1, 10_000  # quarter notes per minute; beyond them a number is no tempo

_NUMBER = re.compile(r"(?:(?:c|ca|circa)\.?\s*|[~≈]\s*)?([0-9]{1,9}(?:\.[0-9]{0,9})?)", re.IGNORECASE)


def per_minute(text: str) -> Fraction | None:
    """Beats per minute as written; None for no number, or a range of them.

    >>> per_minute("92.5"), per_minute("ca. 60"), per_minute("60-72")
    (Fraction(185, 2), Fraction(60, 1), None)
    """
    found = _NUMBER.fullmatch(text.strip())
    return Fraction(found[1].rstrip(".")) if found else None


def possible(qpm: Fraction) -> Fraction | None:
    """The same tempo; None if it is impossible."""
    return qpm if SLOWEST <= qpm <= FASTEST else None


def tempo_at(onset: Ticks, tempi: Iterable[tuple[Ticks, Fraction]]) -> Fraction | None:
    """The tempo at an onset: the latest up to the onset; of several at one time, the first written."""
    before = [tempo for tempo in tempi if tempo[0] <= onset]
    return max(before, key=lambda tempo: tempo[0])[1] if before else None
