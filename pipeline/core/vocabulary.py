"""The 258 tokens, their grammar, and the codec between grids and tokens.

========== =============================================================
0 … 127    ``onset p``: a note of MIDI number p begins in this step
128 … 255  ``tied p``: the note of MIDI number p, begun earlier, is held
256        START
257        STOP
========== =============================================================

Note number 0 is silence: ``onset 0`` begins one, ``tied 0`` continues it.

A token sequence is START, then T steps of V tokens each (top voice first),
then STOP. ``tied p`` may only follow ``onset p`` or ``tied p`` of the same
voice; ``onset 0`` may not follow a silence of the same voice; STOP may only be at a step's
border and never before the first step.

PAD is not a token: no shard contains it and no model predicts it. Models use row 258 of
their embedding (PAD_ID) and the label -100 (IGNORE_INDEX) for it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.core.music import Grid
from pipeline.core.text import counted
from pipeline.errors import PipelineError

TIED = 128  # tied p = TIED + p
START = 256
STOP = 257
VOCAB_SIZE = 258
PAD_ID = 258  # embedding row of padding on the input side
IGNORE_INDEX = -100

_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


class TokenError(PipelineError):
    """A token sequence that the grammar does not allow."""


@dataclass(frozen=True)
class Repairs:
    """Numbers of repairs of the lenient decoder, by kind."""

    n_orphan_ties: int = 0  # tied p after something else: read as onset p
    n_repeated_silences: int = 0  # onset 0 after silence: read as tied 0
    n_markers: int = 0  # START or STOP missing or inside: added or left out
    n_incomplete_step: int = 0  # tokens of a last step that is not full: left out
    n_unknown: int = 0  # ids above 257 or below 0: left out

    @property
    def total(self) -> int:
        """All repairs together."""
        return (
            self.n_orphan_ties
            + self.n_repeated_silences
            + self.n_markers
            + self.n_incomplete_step
            + self.n_unknown
        )


def pitch_name(pitch: int) -> str:
    """MIDI note number as text: 60 is C4, 0 is silence."""
    return "silence" if pitch == 0 else f"{_NAMES[pitch % 12]}{pitch // 12 - 1}"


def token_name(token: int) -> str:
    """One token as text: ``onset C4``, ``tied silence``, ``START``."""
    if token == START:
        return "START"
    if token == STOP:
        return "STOP"
    if not 0 <= token < START:
        raise TokenError(f"token {token}: allowed are 0 to {VOCAB_SIZE - 1}")
    return f"{'tied' if token >= TIED else 'onset'} {pitch_name(token % TIED)}"


def as_json() -> str:
    """The vocabulary card: every token's id and name, in order."""
    tokens = {str(token): token_name(token) for token in range(VOCAB_SIZE)}
    return json.dumps({"size": VOCAB_SIZE, "start": START, "stop": STOP, "symbols": tokens}, indent=1) + "\n"


def sha256() -> str:
    """Digest of the vocabulary card; it is recorded in shards and checkpoints."""
    return hashlib.sha256(as_json().encode()).hexdigest()


def encode(grid: Grid) -> NDArray[np.uint16]:
    """Write a grid step by step, START first and STOP last.

    Returns:
        (T * V + 2,) uint16.
    """
    tokens = grid.pitch.astype(np.uint16) + np.where(grid.tied, TIED, 0).astype(np.uint16)
    return np.concatenate([[START], tokens.ravel(), [STOP]]).astype(np.uint16)


def decode(tokens: ArrayLike, voices: int = 1) -> Grid:
    """Decode a token sequence: the inverse of ``encode``.

    Args:
        tokens: START, T * voices tokens, STOP.
        voices: V, fixed for a data set.

    Returns:
        The grid that ``encode`` wrote.

    Raises:
        TokenError: the sequence violates the grammar; the message names the position.
    """
    sequence = np.asarray(tokens, dtype=np.int64).ravel()
    if len(sequence) < 3 or sequence[0] != START or sequence[-1] != STOP:
        raise TokenError(
            f"{counted(len(sequence), 'token')}: expected {START} (START), at least one step, {STOP} (STOP)"
        )
    body = sequence[1:-1]
    outside = np.flatnonzero((body < 0) | (body >= START))
    if len(outside):
        place = int(outside[0])
        raise TokenError(
            f"token {place + 1} is {body[place]}: between START and STOP only 0 to 255 are allowed"
        )
    if len(body) % voices:
        raise TokenError(
            f"steps of {counted(voices, 'voice')} are not filled by {counted(len(body), 'token')}"
        )
    cells = body.reshape(-1, voices)
    allowed = _follows(_previous(cells), cells)
    if not allowed.all():
        step, voice = (int(i) for i in np.argwhere(~allowed)[0])
        before = token_name(int(cells[step - 1, voice])) if step else "the beginning"
        raise TokenError(
            f"step {step}, voice {voice}: {token_name(int(cells[step, voice]))} cannot follow {before}"
        )
    return Grid(pitch=(cells % TIED).astype(np.uint8), tied=cells >= TIED)


def decode_leniently(tokens: ArrayLike, voices: int = 1) -> tuple[Grid, Repairs]:
    """Decode tokens from another source and repair violations of the grammar.

    An orphaned tie becomes an onset, a repeated silence is joined, misplaced markers and
    unknown ids are left out, an incomplete last step is dropped.

    Returns:
        The grid, and how often each kind of repair was needed.

    Raises:
        TokenError: no complete step is left to decode.
    """
    sequence = np.asarray(tokens, dtype=np.int64).ravel()
    known = sequence[(sequence >= 0) & (sequence < VOCAB_SIZE)]
    n_unknown = len(sequence) - len(known)
    first = int(len(known) > 0 and known[0] == START)
    last = int(len(known) > first and known[-1] == STOP)
    inside = known[first : len(known) - last]
    body = inside[inside < START]
    n_markers = (1 - first) + (1 - last) + len(inside) - len(body)
    n_incomplete = len(body) % voices
    cells = body[: len(body) - n_incomplete].reshape(-1, voices).copy()
    if not len(cells):
        raise TokenError(
            f"no complete step of {counted(voices, 'voice')} in {counted(len(sequence), 'token')}"
        )
    n_orphans = n_silences = 0
    for step in range(len(cells)):
        before = cells[step - 1] if step else np.full(voices, START)
        bad = ~_follows(before, cells[step])
        orphan = bad & (cells[step] >= TIED)
        repeated = bad & (cells[step] == 0)
        # an orphaned tie of silence after silence cannot occur: tied 0 follows both silences
        cells[step] = np.where(orphan, cells[step] - TIED, np.where(repeated, TIED, cells[step]))
        n_orphans += int(orphan.sum())
        n_silences += int(repeated.sum())
    repairs = Repairs(n_orphans, n_silences, n_markers, n_incomplete, n_unknown)
    return Grid(pitch=(cells % TIED).astype(np.uint8), tied=cells >= TIED), repairs


def valid_next(previous: ArrayLike, stop_allowed: ArrayLike) -> NDArray[np.bool_]:
    """The tokens that may come next, for n states at once.

    Args:
        previous: (n,) the last token of the same voice, or START before its first.
        stop_allowed: (n,) bool, True at a step's border after the first step.

    Returns:
        (n, 258) bool. START is never valid: it occurs before the first step only.
    """
    rows = VALID_AFTER[np.asarray(previous, dtype=np.int64)].copy()
    rows[:, STOP] = np.asarray(stop_allowed, dtype=bool)
    return rows


def _valid_after() -> NDArray[np.bool_]:
    """(257, 258): row = last token of the voice (START: none), without STOP."""
    table = np.zeros((START + 1, VOCAB_SIZE), dtype=bool)
    table[:, :TIED] = True
    silences = [0, TIED]
    table[silences, 0] = False
    for token in range(START):
        table[token, TIED + token % TIED] = True
    return table


VALID_AFTER: NDArray[np.bool_] = _valid_after()
VALID_AFTER.flags.writeable = False


def _previous(tokens: NDArray[np.int64]) -> NDArray[np.int64]:
    """(T, V): the token before each, START at the first step."""
    return np.concatenate([np.full((1, tokens.shape[1]), START), tokens[:-1]])


def _follows(previous: NDArray[np.int64], tokens: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.asarray(VALID_AFTER[previous, tokens])
