"""Likelihood of continuations: nats, bits and accuracy by class.

**Classes** of target tokens: onset (tokens 1 … 127), tied (129 … 255), silence
(0 and 128) and STOP. Every probability is over the tokens valid in its state.

**Sum, then divide.** :func:`measure` gives sums of one piece; :func:`figures`
adds pieces and divides once. Per token means all target tokens but STOP. Per
onset means that the bits of onset, tied and silence tokens are divided by the
number of sounding onsets, per quarter note that nats and bits of all tokens but STOP
are divided by their duration. STOP is reported separately, in bits per piece.

**Parts of bits per onset.** With P = the sum of p over the onsets 1 … 127,

- an onset token has -log2 P bits of rhythm (a note begins now) and
  -log2(p(token) / P) bits of pitch (given that one begins),
- a tied token has -log2 p(token) bits of rhythm (no note begins now),
- a silence token has -log2 p(token) bits of silence.

By the chain rule rhythm + pitch + silence = bits per onset, exactly.

**Accuracy** of a class is the share of its tokens that are the most probable ones; of
equal probabilities the lowest token counts as the most probable one.

**Intervals** resample tune families, because pieces of a family are not
independent: 10,000 bootstrap samples of as many families as there are; the statistic is
a ratio of sums, and the interval is its 2.5th and 97.5th percentile.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from pipeline.evaluation.metrics.surprisal import LikelihoodError, Surprisal, surprisal
from pipeline.models.base.examples import Example

N_RESAMPLES = 10_000


@dataclass(frozen=True)
class Sums:
    """Sums over the target tokens of one piece, or of many.

    Attributes:
        pieces: how many pieces are in the sums.
        n_onset, n_tied, n_silence, n_stop: tokens by their class.
        onset_nats, tied_nats, silence_nats, stop_nats: -ln p of the true tokens, by class.
        pitch_nats: the part of ``onset_nats`` for the pitch of the note.
        onset_hits, tied_hits, silence_hits, stop_hits: tokens that were the most probable.
    """

    pieces: int
    n_onset: int
    n_tied: int
    n_silence: int
    n_stop: int
    onset_nats: float
    tied_nats: float
    silence_nats: float
    stop_nats: float
    pitch_nats: float
    onset_hits: int
    tied_hits: int
    silence_hits: int
    stop_hits: int

    @property
    def n_tokens(self) -> int:
        """All target tokens but STOP."""
        return self.n_onset + self.n_tied + self.n_silence

    @property
    def nats(self) -> float:
        """-ln p of all target tokens but STOP."""
        return self.onset_nats + self.tied_nats + self.silence_nats

    @property
    def rhythm_nats(self) -> float:
        """When notes begin: tied tokens, and the onset tokens' share that is not pitch."""
        return self.tied_nats + (self.onset_nats - self.pitch_nats)


# one row per piece and predictor: the columns of Sums, and those to group by
PIECES = pa.schema(
    [
        pa.field("piece_id", pa.string(), nullable=False),
        pa.field("corpus", pa.string(), nullable=False),
        pa.field("tune_family", pa.string(), nullable=False),
        ("soft_relative", pa.bool_()),
        pa.field("predictor", pa.string(), nullable=False),
        ("pieces", pa.int32()),
        ("n_onset", pa.int32()),
        ("n_tied", pa.int32()),
        ("n_silence", pa.int32()),
        ("n_stop", pa.int32()),
        ("onset_nats", pa.float64()),
        ("tied_nats", pa.float64()),
        ("silence_nats", pa.float64()),
        ("stop_nats", pa.float64()),
        ("pitch_nats", pa.float64()),
        ("onset_hits", pa.int32()),
        ("tied_hits", pa.int32()),
        ("silence_hits", pa.int32()),
        ("stop_hits", pa.int32()),
    ]
)


def measure(log_probs: NDArray[np.floating], example: Example) -> Sums:
    """Sum the nats and hits of one piece's target by class.

    Args:
        log_probs: (T, 258) natural logarithms, renormalized over the valid tokens.
        example: the piece; its target has T tokens.

    Raises:
        LikelihoodError: another shape, rows that do not sum to 1 over the valid
            tokens, or a target token of probability 0.
    """
    return add_up(surprisal(log_probs, example))


def add_up(piece: Surprisal) -> Sums:
    """The sums of one piece's tokens by class."""
    kind = piece.kind
    tally = np.bincount(kind, minlength=4).tolist()
    right = np.bincount(kind[piece.hit], minlength=4).tolist()
    nats = [math.fsum(piece.nats[kind == index]) for index in range(4)]
    return Sums(
        pieces=1,
        n_onset=tally[0],
        n_tied=tally[1],
        n_silence=tally[2],
        n_stop=tally[3],
        onset_nats=nats[0],
        tied_nats=nats[1],
        silence_nats=nats[2],
        stop_nats=nats[3],
        pitch_nats=math.fsum(piece.pitch_nats),
        onset_hits=right[0],
        tied_hits=right[1],
        silence_hits=right[2],
        stop_hits=right[3],
    )


def total(sums: Iterable[Sums]) -> Sums:
    """Add pieces; the order does not matter, not even to the last bit."""
    pieces = list(sums)
    added: dict[str, Any] = {}
    for name in (field.name for field in fields(Sums)):
        values = [getattr(piece, name) for piece in pieces]
        added[name] = math.fsum(values) if name.endswith("nats") else sum(values)
    return Sums(**added)


def figures(sums: Sums, tokens_per_quarter: int) -> dict[str, float | int | None]:
    """All figures of one group of pieces, units in their names.

    Args:
        tokens_per_quarter: voices times steps per quarter note.

    Returns:
        Name to value in fixed order; None where the group has nothing to divide by.
    """
    onsets = sums.n_onset
    return {
        "n_pieces": sums.pieces,
        "n_tokens": sums.n_tokens,
        "n_onsets": onsets,
        "nats_per_token": _share(sums.nats, sums.n_tokens),
        "bits_per_token": _share(_bits(sums.nats), sums.n_tokens),
        "bits_per_onset": _share(_bits(sums.nats), onsets),
        "nats_per_quarter": _share(sums.nats * tokens_per_quarter, sums.n_tokens),
        "bits_per_quarter": _share(_bits(sums.nats) * tokens_per_quarter, sums.n_tokens),
        "rhythm_bits_per_onset": _share(_bits(sums.rhythm_nats), onsets),
        "pitch_bits_per_onset": _share(_bits(sums.pitch_nats), onsets),
        "silence_bits_per_onset": _share(_bits(sums.silence_nats), onsets),
        "onset_class_bits_per_onset": _share(_bits(sums.onset_nats), onsets),
        "tied_class_bits_per_onset": _share(_bits(sums.tied_nats), onsets),
        "stop_bits_per_piece": _share(_bits(sums.stop_nats), sums.n_stop),
        "token_accuracy": _share(sums.onset_hits + sums.tied_hits + sums.silence_hits, sums.n_tokens),
        "onset_accuracy": _share(sums.onset_hits, onsets),
        "tied_accuracy": _share(sums.tied_hits, sums.n_tied),
        "silence_accuracy": _share(sums.silence_hits, sums.n_silence),
        "stop_accuracy": _share(sums.stop_hits, sums.n_stop),
    }


@dataclass(frozen=True)
class Interval:
    """A ratio of sums with its 95 % bootstrap interval over tune families."""

    value: float
    low: float
    high: float
    n_families: int


def interval(families: Sequence[str], amounts: ArrayLike, per: ArrayLike, seed: int) -> Interval:
    """Sum of ``amounts`` over sum of ``per``, with its bootstrap interval over tune families.

    For a paired difference of two predictors, ``amounts`` is the difference of
    their bits piece by piece.

    Args:
        families: (n,) tune family of each piece.
        amounts: (n,) for example bits. per: (n,) for example onsets, positive.
        seed: of the N_RESAMPLES bootstrap samples.

    Raises:
        LikelihoodError: no pieces.
    """
    if not len(families):
        raise LikelihoodError("an interval needs at least one piece")
    names, member = np.unique(np.asarray(families), return_inverse=True)
    top = np.bincount(member, weights=np.asarray(amounts, dtype=np.float64))
    bottom = np.bincount(member, weights=np.asarray(per, dtype=np.float64))
    rng = np.random.default_rng(seed)
    ratios = np.empty(N_RESAMPLES)
    for first in range(0, N_RESAMPLES, 500):
        chosen = rng.integers(len(names), size=(500, len(names)))
        ratios[first : first + 500] = top[chosen].sum(axis=1) / bottom[chosen].sum(axis=1)
    low, high = np.percentile(ratios, [2.5, 97.5])
    return Interval(float(top.sum() / bottom.sum()), float(low), float(high), len(names))


def _bits(nats: float) -> float:
    return nats / math.log(2)


def _share(amount: float, count: int) -> float | None:
    return amount / count if count else None
