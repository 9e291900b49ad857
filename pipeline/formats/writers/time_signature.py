"""Time signatures of bar lengths, and their beats."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

MOST_BEATS = 128  # limit of readers of MIDI files
SHORTEST_BEAT = 64  # denominator
_WRITTEN = re.compile(r"([1-9][0-9]{0,2})/([1-9][0-9]{0,2})")
_QUARTER, _HALF = Fraction(1, 4), Fraction(1, 2)


class TimeSignature(NamedTuple):
    """``numerator`` beats in a bar, each 1/``denominator`` of a whole note."""

    numerator: int
    denominator: int

    @property
    def wholes(self) -> Fraction:
        """Length of a bar in whole notes."""
        return Fraction(self.numerator, self.denominator)

    @property
    def compound(self) -> bool:
        """Whether three of its beats form one group: 6/8, 9/8, 12/8, and 3/8."""
        return self.numerator % 3 == 0 and (self.numerator > 3 or self.denominator >= 8)


def parse(text: str | None) -> TimeSignature | None:
    """The time signature of a text like "6/8"; None where notation has none like it.

    >>> parse("6/8"), parse("4/3"), parse("200/4"), parse(None)
    (TimeSignature(numerator=6, denominator=8), None, None, None)
    """
    found = _WRITTEN.fullmatch((text or "").strip())
    if found is None:
        return None
    numerator, denominator = int(found[1]), int(found[2])
    allowed = numerator <= MOST_BEATS and denominator <= SHORTEST_BEAT and _is_power_of_2(denominator)
    return TimeSignature(numerator, denominator) if allowed else None


def of_length(wholes: Fraction, denominator: int = 4) -> TimeSignature | None:
    """The time signature of a bar of which only the length is known.

    Args:
        wholes: length in whole notes.
        denominator: the longest beat to use.

    Returns:
        None where the length is no number of beats, the shortest a 64th.

    >>> of_length(Fraction(3, 4)), of_length(Fraction(3, 16)), of_length(Fraction(1, 3))
    (TimeSignature(numerator=3, denominator=4), TimeSignature(numerator=3, denominator=16), None)
    """
    denominator = max(denominator, wholes.denominator)
    allowed = _is_power_of_2(wholes.denominator) and denominator <= SHORTEST_BEAT
    return parse(f"{wholes * denominator}/{denominator}") if allowed else None


def beats(signature: TimeSignature | None) -> list[Fraction]:
    """Lengths in whole notes of the groups of a bar within which notes are beamed.

    Three beats of a compound meter are a group (6/8: two dotted quarters). Other meters
    in eighths and shorter notes are grouped by two, three last where the number is odd
    (5/8: 2 + 3); longer beats are groups themselves, of a half note at most.

    Args:
        signature: None: groups of a quarter.
    """
    if signature is None:
        return [_QUARTER]
    beat = Fraction(1, signature.denominator)
    if signature.compound and 3 * beat <= 3 * _QUARTER:
        return [3 * beat] * (signature.numerator // 3)
    if signature.denominator >= 8 and signature.numerator > 1:
        pairs, odd = divmod(signature.numerator, 2)
        return [2 * beat] * (pairs - odd) + [3 * beat] * odd
    group = min(beat, _HALF)
    return [group] * int(signature.wholes / group)


def _is_power_of_2(number: int) -> bool:
    return number & (number - 1) == 0
