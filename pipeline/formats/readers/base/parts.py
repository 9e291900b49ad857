"""Convert the staves of a score to parts; one unreadable staff does not reject the piece."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from pipeline.core.music import Part
from pipeline.formats.readers.base.source import ReadError
from pipeline.formats.readers.base.staff import Staff

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

    Chord symbols of a staff that is left out go to the first part if no part has symbols;
    otherwise they are counted in its ``n_bad_chords``.

    Args:
        staves: in the order of the score; those with a ``fault`` are left out.

    Returns:
        The readable parts, and name and violated rule of each of the others.

    Raises:
        ReadError: no staff can be read (the rule of the first), or a rule that applies to the score.
    """
    parts: list[Part] = []
    kept: list[ReadStaff] = []
    lost: list[Staff] = []  # those that can have chord symbols
    left_out: list[tuple[str, str]] = []
    first: ReadError | None = None
    for staff in staves:
        try:
            if staff.fault:
                reason = REASONS.get(staff.fault, staff.fault)
                raise ReadError(staff.fault, f"the part '{staff.name}' holds {reason}")
            parts.append(staff.part())
            kept.append(staff)
        except ReadError as error:
            if not staff.fault and error.rule not in OF_ONE_STAFF:
                raise
            first = first or error
            left_out.append((staff.name, error.rule))
            if isinstance(staff, Staff):
                lost.append(staff)
    if first is not None and not any(len(part.onset) for part in parts):
        raise first
    heir = kept[0] if kept else None
    if isinstance(heir, Staff) and any(staff.chords for staff in lost):
        _take_over(heir, lost, any(isinstance(staff, Staff) and staff.chords for staff in kept))
        parts[0] = heir.part()
    return tuple(parts), tuple(left_out)


def _take_over(first: Staff, lost: Iterable[Staff], counted_only: bool) -> None:
    """Add the chord symbols of staves that are left out to the first part, or count them there."""
    for staff in lost:
        signs = [staff.chords[onset] for onset in sorted(staff.chords)]
        if counted_only:
            first.n_bad_chords += len(signs)
        else:
            for sign in signs:
                first.add_chord(sign)
