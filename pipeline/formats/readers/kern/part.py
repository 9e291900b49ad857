"""One part of a **kern piece while its lines are read: notes, and what interpretations say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.core.music import Meter
from pipeline.formats.readers.base.staff import KeySign, Staff, Ticks, Written
from pipeline.formats.readers.kern.tokens import (
    Key,
    Sound,
    mode_of,
    read_key,
    read_meter,
    read_name,
    read_signature,
)


@dataclass
class PartReader:
    """A part while it is read: its staff, and what its interpretations said.

    Attributes:
        name_rank: how good its name is; 0 without one.
        key: what was named before there was a signature.
        signed_at: where its last signature stands.
    """

    staff: Staff = field(default_factory=lambda: Staff(lines=[]))
    name_rank: int = 0
    key: Key | None = None
    percussion: bool = False
    signed_at: Ticks = -1

    def interpret(self, token: str, now: Ticks) -> None:
        """What a tandem interpretation says of the part from now on."""
        if token.startswith("*k["):
            fifths = read_signature(token)
            self.signed_at = now
            self.staff.keys.append(KeySign(fifths, mode_of(self.key, fifths), now))
        elif token.startswith("*M") and not token.startswith("*MM"):
            meter = read_meter(token)
            if meter is not None:
                self.staff.meters.append(Meter(int(now), *meter))
        elif token.startswith("*clefX"):
            self.percussion = True
        elif token.startswith("*I"):
            named = read_name(token)
            if named is not None and named[0] > self.name_rank:
                self.name_rank, self.staff.name = named
        else:
            self._designate(read_key(token), now)

    def _designate(self, key: Key | None, now: Ticks) -> None:
        """A key's name tells the mode of the signature beside it; elsewhere it is analysis."""
        if key is None:
            return
        if not self.staff.keys:
            self.key = self.key or key
        elif self.signed_at == now:
            signed = self.staff.keys[-1]
            self.staff.keys[-1] = signed._replace(mode=mode_of(key, signed.fifths))

    def add(self, sounds: Sequence[Sound], onset: Ticks) -> None:
        """The notes of a token."""
        for duration, pitch, grace, ties_on, tied_from, phrase_end in sounds:
            if grace:
                self.staff.n_grace += pitch is not None
            elif duration is not None and pitch is not None:
                self.staff.notes.append(Written(onset, duration, pitch, ties_on, tied_from, phrase_end))
