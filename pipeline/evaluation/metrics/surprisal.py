"""Surprisal of each token, from which all figures of likelihood are computed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.core.vocabulary import STOP, TIED, VOCAB_SIZE
from pipeline.errors import PipelineError
from pipeline.models.base.examples import Example

TOLERANCE = 1e-3  # how far from 1 the float32 probabilities of a state may add up to
CLASSES = ("onset", "tied", "silence", "stop")
ONSET, STOPS = 0, 3  # indices into CLASSES


class LikelihoodError(PipelineError):
    """A model's probabilities are not a distribution over the valid tokens."""


@dataclass(frozen=True)
class Surprisal:
    """Surprisals of one predictor for the T predicted tokens, STOP included if it is predicted.

    Attributes:
        kind: (T,) class of the true token, an index into CLASSES.
        nats: (T,) -ln p of the true token.
        confidence: (T,) probability of the most probable token.
        hit: (T,) bool, the true token was the most probable one; of equal
            probabilities the lowest token counts as the choice.
        pitch_nats: (T,) -ln p of the true pitch given that a note begins; 0 where none does.
        pitch_confidence: (T,) of the most probable pitch given that a note begins; 0 where none does.
        pitch_hit: (T,) bool, the true pitch was the most probable one; False where none begins.
    """

    kind: NDArray[np.int64]
    nats: NDArray[np.float64]
    confidence: NDArray[np.float64]
    hit: NDArray[np.bool_]
    pitch_nats: NDArray[np.float64]
    pitch_confidence: NDArray[np.float64]
    pitch_hit: NDArray[np.bool_]


def classes(tokens: ArrayLike) -> NDArray[np.int64]:
    """Index into CLASSES of each token."""
    token = np.asarray(tokens, dtype=np.int64)
    sounding = np.where(token < TIED, ONSET, 1)
    return np.where(token == STOP, STOPS, np.where(token % TIED == 0, 2, sounding))


def surprisal(log_probs: NDArray[np.floating], example: Example) -> Surprisal:
    """Compare a predictor's probabilities with the true tokens of a piece.

    Args:
        log_probs: (T, 258) natural logarithms, renormalized over the valid tokens.
        example: the piece; its target has T tokens.

    Raises:
        LikelihoodError: another shape, rows that do not sum to 1 over the valid
            tokens, or a target token of probability 0.
    """
    target = example.target.astype(np.int64)
    if log_probs.shape != (len(target), VOCAB_SIZE):
        raise LikelihoodError(f"log-probabilities {log_probs.shape}, expected ({len(target)}, {VOCAB_SIZE})")
    scores = np.where(example.valid(), log_probs, -np.inf).astype(np.float64)
    _require_distributions(scores)
    nats = -scores[np.arange(len(target)), target]
    if not np.isfinite(nats).all():
        raise LikelihoodError(f"target token {int(np.argmax(~np.isfinite(nats)))} has probability 0")
    predicted = example.predicted
    scores, nats, target = scores[predicted], nats[predicted], target[predicted]
    kind = classes(target)
    begins = kind == ONSET
    pitches = scores[begins, 1:TIED]
    a_note = np.logaddexp.reduce(pitches, axis=1)  # ln of the probability that any note begins
    return Surprisal(
        kind=kind,
        nats=nats,
        confidence=np.exp(scores.max(axis=1)),
        hit=scores.argmax(axis=1) == target,
        pitch_nats=_where(begins, nats[begins] + a_note),
        pitch_confidence=_where(begins, np.exp(pitches.max(axis=1, initial=-np.inf) - a_note)),
        pitch_hit=_where(begins, pitches.argmax(axis=1) + 1 == target[begins]).astype(bool),
    )


def _where(chosen: NDArray[np.bool_], values: ArrayLike) -> NDArray[np.float64]:
    spread = np.zeros(len(chosen))
    spread[chosen] = values
    return spread


def _require_distributions(scores: NDArray[np.float64]) -> None:
    sums = np.exp(scores).sum(axis=1)
    wrong = np.flatnonzero(~(np.abs(sums - 1) <= TOLERANCE))
    if len(wrong):
        token = int(wrong[0])
        raise LikelihoodError(
            f"target token {token}: probabilities of the valid tokens add up to {sums[token]:.6g}, not 1"
        )
