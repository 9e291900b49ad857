"""Convert the staves of a score to parts; one unreadable staff does not reject the piece."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from pipeline.core.music import Part
from pipeline.formats.readers.base.source import ReadError

OF_ONE_STAFF = (
    "pitch_out_of_range",
    "percussion",
    "microtone",
    "bad_value",
)  # others apply to the score
REASONS = {
    "percussion": "percussion alone: its notes have no pitch",
    "microtone": "microtones alone: no MIDI note number names its notes",
}


class ReadStaff(Protocol):
    """A staff as a reader has read it; see :class:`staff.Staff`."""

    @property
    def name(self) -> str:
        """Its name in the score."""

    @property
    def fault(self) -> str:
        """The rule that it breaks; "" for none."""

    def part(self) -> Part:
        """The finished part."""


def readable_parts(staves: Iterable[ReadStaff]) -> tuple[tuple[Part, ...], tuple[tuple[str, str], ...]]:
    """The parts of a score, and the staves that were left out.

    Args:
        staves: in the order of the score; those with a ``fault`` are left out.

    Returns:
        The readable parts, and name and violated rule of each of the others.

    Raises:
        ReadError: no staff can be read (the rule of the first), or a rule that applies to the score.
    """
    parts: list[Part] = []
    left_out: list[tuple[str, str]] = []
    first: ReadError | None = None
    for staff in staves:
        try:
            if staff.fault:
                reason = REASONS.get(staff.fault, staff.fault)
                raise ReadError(staff.fault, f"the part '{staff.name}' holds {reason}")
            parts.append(staff.part())
        except ReadError as error:
            if not staff.fault and error.rule not in OF_ONE_STAFF:
                raise
            first = first or error
            left_out.append((staff.name, error.rule))
    if first is not None and not any(len(part.onset) for part in parts):
        raise first
    return tuple(parts), tuple(left_out)
