"""One part of a **kern piece while its lines are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.core.music import Meter
from pipeline.formats.readers.base.source import ReadError
from pipeline.formats.readers.base.staff import KeySign, Staff, Ticks, Written
from pipeline.formats.readers.kern.tokens import (
    UNPITCHED,
    KernKey,
    KernNote,
    mode_of,
    read_key,
    read_meter,
    read_name,
    read_signature,
)

FAULTS = ("bad_value", "bad_pitch", "bad_duration")  # of a part whose error names the line


@dataclass
class SpineReader:
    """The state of a part while it is read: its staff and its interpretations.

    Attributes:
        name_rank: rank of its name; 0 without a name.
        key: the key that was named before the first signature.
        signed_at: the time of its last signature.
        error: the error of the first note without a pitch or a length; the part cannot be read.
        lost: whether a note without a length makes all later times unknown; its tokens are ignored.
        is_percussion: whether the part has a percussion clef; its tokens are ignored.
        has_percussion: whether notes without a pitch were left out of a part with other notes.
    """

    staff: Staff = field(default_factory=lambda: Staff(lines=[]))
    name_rank: int = 0
    key: KernKey | None = None
    signed_at: Ticks = -1
    error: ReadError | None = None
    lost: bool = False
    is_percussion: bool = False
    has_percussion: bool = False

    @property
    def is_ignored(self) -> bool:
        """Whether its tokens are ignored from here on."""
        return self.lost or self.is_percussion

    def lose_time(self, error: ReadError) -> None:
        """A token has no valid length: the part cannot be read; the others can, and keep the time."""
        self.lost, self.staff.fault, self.error = True, error.rule, self.error or error

    def interpret(self, token: str, now: Ticks) -> None:
        """Process a tandem interpretation; impossible signatures are unknown, and counted."""
        if token.startswith("*k["):
            self._sign(token, now)
        elif token.startswith("*M") and not token.startswith("*MM"):
            self._measure(token, now)
        elif token.startswith("*clefX"):
            self.is_percussion = True
            self._leave_out()
        elif token.startswith("*I"):
            named = read_name(token)
            if named is not None and named[0] > self.name_rank:
                self.name_rank, self.staff.name = named
        else:
            self._designate(read_key(token), now)

    def _sign(self, token: str, now: Ticks) -> None:
        try:
            fifths = read_signature(token)
        except ReadError:
            fifths = None
            self.staff.n_bad_keys += 1
        self.signed_at = now
        self.staff.keys.append(KeySign(fifths, mode_of(self.key, fifths), now))

    def _measure(self, token: str, now: Ticks) -> None:
        try:
            meter = read_meter(token)
        except ReadError:
            meter = None
            self.staff.n_bad_meters += 1
        if meter is not None:
            self.staff.meters.append(Meter(int(now), *meter))

    def _designate(self, key: KernKey | None, now: Ticks) -> None:
        """Set the mode of a signature at the same time from a key name; other key names are analysis."""
        if key is None:
            return
        if not self.staff.keys:
            self.key = self.key or key
        elif self.signed_at == now:
            signed = self.staff.keys[-1]
            self.staff.keys[-1] = signed._replace(mode=mode_of(key, signed.fifths))

    def add(self, sounds: Sequence[KernNote], onset: Ticks, line: int) -> None:
        """Add the notes of a token, which is in a line of the file."""
        for duration, pitch, grace, ties_on, tied_from, phrase_end, fault in sounds:
            if fault:
                self._miss(fault, line)
            elif grace:
                self.staff.n_grace += pitch is not None
            elif duration is not None and pitch is not None:
                self.staff.notes.append(Written(onset, duration, pitch, ties_on, tied_from, phrase_end))

    def _miss(self, fault: str, line: int) -> None:
        """A note has no pitch: the part cannot be read; in a part of percussion none has."""
        if fault == UNPITCHED:
            self._leave_out()
        elif not self.staff.fault:
            self.staff.fault = "bad_value"
            self.error = self.error or ReadError("bad_pitch", f"line {line}: {fault}")

    def _leave_out(self) -> None:
        """Mark the part as percussion, or only its notes without a pitch if other notes precede them."""
        if self.staff.notes:
            self.has_percussion = True
        else:
            self.staff.fault = self.staff.fault or UNPITCHED
            self.is_percussion = self.is_percussion or self.staff.fault == UNPITCHED

    def left_out(self) -> list[Staff]:
        """A staff for the percussion of a part that is read."""
        if not self.has_percussion or self.staff.fault:
            return []
        return [Staff(f"{self.staff.name}, percussion".lstrip(", "), fault=UNPITCHED)]
