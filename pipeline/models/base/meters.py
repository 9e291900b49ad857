"""The vocabulary of time signatures that models distinguish, and their beats; no torch.

The vocabulary is the same for all data sets, so that weights can be used with any of them: 0 is
an unknown time signature or one beyond the vocabulary, the others are numbered by denominator
(1, 2, 4, …, 32) and numerator (1 to 24). 3/4 and 6/8 have bars of the same length but different
numbers and beats.

A bar has as many beats as the numerator; in compound time (6/8, 9/8, 12/16, …) a beat is three of
the notes that the denominator names.
"""

from __future__ import annotations

import re

DENOMINATORS = (1, 2, 4, 8, 16, 32)
MAX_NUMERATOR = 24
N_METERS = 1 + len(DENOMINATORS) * MAX_NUMERATOR
UNKNOWN = 0
COMPOUND_FROM = 8  # the smallest denominator of compound time

_METER = re.compile(r"([0-9]{1,3})/([0-9]{1,3})")


def meter_number(meter: str | None) -> int:
    """The number of a time signature.

    >>> meter_number("1/1"), meter_number("3/4"), meter_number("6/8"), meter_number("7/3"), meter_number(None)
    (1, 51, 78, 0, 0)
    """
    found = _METER.fullmatch(meter or "")
    if found is None:
        return UNKNOWN
    numerator, denominator = int(found[1]), int(found[2])
    if denominator not in DENOMINATORS or not 1 <= numerator <= MAX_NUMERATOR:
        return UNKNOWN
    return 1 + DENOMINATORS.index(denominator) * MAX_NUMERATOR + numerator - 1


def beats_in_bar(numerator: int, denominator: int) -> int:
    """How many beats a bar has.

    >>> beats_in_bar(3, 4), beats_in_bar(6, 8), beats_in_bar(3, 8), beats_in_bar(6, 4)
    (3, 2, 3, 6)
    """
    compound = denominator >= COMPOUND_FROM and numerator > 3 and numerator % 3 == 0
    return numerator // 3 if compound else numerator


BEATS = (0, *(beats_in_bar(n, d) for d in DENOMINATORS for n in range(1, MAX_NUMERATOR + 1)))  # by number
