"""Voice-leading costs of every candidate token of one voice, for B pieces at once.

A candidate is compared with the known voices of its step: those already chosen and all
given ones, including lower ones. Each pair of voices is therefore evaluated once, when the
second of them is chosen. Motion is measured from the previous step, and no rule applies to
silence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.core.music import SILENCE
from pipeline.core.vocabulary import START, TIED, VOCAB_SIZE
from pipeline.decoding.voice_leading.keys import WrittenKey
from pipeline.decoding.voice_leading.rules import FIFTH, OCTAVE, RANGES

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

_PITCHES = np.arange(TIED)
_TRIADS = np.array(
    [[1 << (r + tone) % OCTAVE for tone in (0, third, FIFTH)] for third in (3, 4) for r in range(OCTAVE)]
)


@dataclass(frozen=True)
class VoiceLeadingCosts:
    """The costs of B pieces of V voices, and what they depend on.

    Attributes:
        nats: the cost of each rule.
        transposition: (B,) semitones that were added to each piece.
        leading_note: (B,) pitch classes, -1 unknown.
        before: (B, V) pitches of the step before, 0 for silence.
        last: (B, V) the last sounding pitch of each voice, 0 for none.
        now: (B, V) tokens of the current step, START where still unknown.
        closing, enters: (B,) whether the current step belongs to a closing chord, and is its first.
    """

    nats: Mapping[str, float]
    transposition: Ints
    leading_note: Ints
    before: Ints
    last: Ints
    now: Ints
    closing: Bools
    enters: Bools

    @classmethod
    def start(
        cls, nats: Mapping[str, float], keys: Sequence[WrittenKey], previous: Ints
    ) -> VoiceLeadingCosts:
        """Before the first step that is decoded.

        Args:
            nats: the cost of each rule.
            keys: of the B pieces.
            previous: (B, V) tokens of the step before, START where there is none.
        """
        shifts = np.array([key.transposition for key in keys], np.int64)
        leading = np.array([-1 if key.leading_note is None else key.leading_note for key in keys], np.int64)
        sounding = np.where(previous == START, SILENCE, previous % TIED)
        never = np.zeros(len(keys), bool)
        return cls(nats, shifts, leading, sounding, sounding, np.full_like(previous, START), never, never)

    def next_step(self, given: Ints, closing: Bools | None = None) -> VoiceLeadingCosts:
        """The costs at the next step, after all voices of the current one are known (or none, at first).

        Args:
            given: (B, V) tokens of the given voices, START elsewhere.
            closing: (B,) whether the step belongs to a closing chord; None: nowhere.
        """
        closing = np.zeros(len(given), bool) if closing is None else closing
        known = self.now != START
        before = np.where(known, self.now % TIED, self.before)
        last = np.where(before == SILENCE, self.last, before)
        enters = closing & ~self.closing
        return replace(self, before=before, last=last, now=given, closing=closing, enters=enters)

    def choose(self, voice: int, tokens: Ints) -> VoiceLeadingCosts:
        """The costs after the (B,) tokens of one voice are chosen."""
        now = self.now.copy()
        now[:, voice] = tokens
        return replace(self, now=now)

    def select(self, rows: Ints) -> VoiceLeadingCosts:
        """The costs of some of the pieces, in this order; a piece may occur twice."""
        names = ("transposition", "leading_note", "before", "last", "now", "closing", "enters")
        return replace(self, **{name: getattr(self, name)[rows] for name in names})

    def of_candidates(self, voice: int) -> Floats:
        """(B, 258) nats of every token of one voice; 0 for tokens that cannot follow."""
        before = self.before[:, voice, None]
        candidates = np.concatenate([np.broadcast_to(_PITCHES, (len(before), TIED)), before], axis=1)
        begins = np.ones(candidates.shape, bool)
        begins[:, TIED] = False
        total = self._alone(voice, candidates, begins)
        for other in range(self.now.shape[1]):
            if other != voice:
                total += self._with(voice, other, candidates, begins)
        if self.closing.any():
            total += self.nats["closing"] * self._no_triad(voice, candidates, begins)
        total[:, SILENCE] = total[:, SILENCE + 1 : TIED].min(axis=1)  # a silence must not avoid the costs
        total[before[:, 0] == SILENCE, TIED] = 0.0
        costs = np.zeros((len(total), VOCAB_SIZE))
        costs[:, :TIED] = total[:, :TIED]
        costs[np.arange(len(total)), TIED + before[:, 0]] = total[:, TIED]
        return costs

    def _alone(self, voice: int, pitch: Ints, begins: Bools) -> Floats:
        """Rules that need only the steps before: range, leap, overlap with a neighbour."""
        last, voices = self.last[:, voice, None], self.before.shape[1]
        total = self.nats["leaps"] * ((np.abs(pitch - last) > OCTAVE) & (last != SILENCE) & begins)
        if voices == len(RANGES):
            low, high = RANGES[voice]
            written = pitch - self.transposition[:, None]
            total += self.nats["out_of_range"] * (((written < low) | (written > high)) & begins)
        if not (self.before == SILENCE).all():
            sounding = (self.before != SILENCE).all(axis=1, keepdims=True)
            for other, beyond in ((voice - 1, np.greater), (voice + 1, np.less)):
                if 0 <= other < voices:
                    passed = beyond(pitch, self.before[:, other, None]) & begins & sounding
                    total += self.nats["overlaps"] * passed
        return np.asarray(total, np.float64)

    def _with(self, voice: int, other: int, pitch: Ints, begins: Bools) -> Floats:
        """Rules of two voices, where the other is known and sounds."""
        token = self.now[:, other, None]
        theirs = token % TIED
        known = (token != START) & (theirs != SILENCE)
        total = self._motion(voice, other, pitch, theirs)
        if abs(voice - other) == 1:
            above = np.sign(other - voice) * (pitch - theirs)  # of the higher voice over the lower one
            total += self.nats["crossings"] * ((above < 0) & (begins | (token < TIED)))
            if max(voice, other) < self.now.shape[1] - 1:
                total += self.nats["wide"] * ((above > OCTAVE) & (begins | (token < TIED)))
        leading = self.leading_note[:, None]
        doubled = (pitch % OCTAVE == leading) & (theirs % OCTAVE == leading)
        total += self.nats["doubled_leading"] * (doubled & (begins | (token < TIED)))
        return np.asarray(total * known, np.float64)

    def _no_triad(self, voice: int, pitch: Ints, begins: Bools) -> Bools:
        """Closing chords that can no longer become a triad in root position."""
        known = self.now != START
        known[:, voice] = False
        classes = (self.now % TIED) % OCTAVE
        held = np.bitwise_or.reduce(np.where(known, 1 << classes, 0), axis=1)  # (B,)
        voices, allowed = self.now.shape[1], _TRIADS.sum(axis=1)  # (24,)
        sets = held[:, None] | (1 << np.arange(OCTAVE))  # (B, 12) with each pitch class as candidate
        fits = (sets[:, :, None] & ~allowed) == 0  # (B, 12, 24)
        if known.sum(axis=1).max() == voices - 1:
            full = known.sum(axis=1) == voices - 1
            fits &= ~full[:, None, None] | ((sets[:, :, None] & _TRIADS[:, 1]) != 0)
        root = _TRIADS[:, 0]
        if voice == voices - 1:
            fits &= (1 << np.arange(OCTAVE))[:, None] == root
        else:
            fits &= ~known[:, -1, None, None] | ((1 << classes[:, -1])[:, None, None] == root)
        possible = fits.any(axis=2)  # (B, 12)
        charged = self.closing[:, None] & (begins | self.enters[:, None])
        return np.asarray(charged & ~np.take_along_axis(possible, pitch % OCTAVE, axis=1))

    def _motion(self, voice: int, other: int, pitch: Ints, theirs: Ints) -> Floats:
        """Parallel and direct perfect intervals."""
        was_own, was_theirs = self.before[:, voice, None], self.before[:, other, None]
        motion = np.sign(pitch - was_own)
        alike = (motion != 0) & (motion == np.sign(theirs - was_theirs))
        alike &= (was_own != SILENCE) & (was_theirs != SILENCE)
        was, now = np.abs(was_own - was_theirs) % OCTAVE, np.abs(pitch - theirs) % OCTAVE
        kept = alike & (was == now)
        total = self.nats["parallel_fifths"] * (kept & (now == FIFTH))
        total = total + self.nats["parallel_octaves"] * (kept & (now == 0))
        if {voice, other} == {0, self.now.shape[1] - 1}:
            leapt = np.abs(pitch - was_own if voice == 0 else theirs - was_theirs) > 2
            perfect = alike & (was != now) & ((now == FIFTH) | (now == 0))
            total += self.nats["direct"] * (perfect & leapt)
        return np.asarray(total, np.float64)
