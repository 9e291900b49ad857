import math

import numpy as np
import pytest

from pipeline.core.vocabulary import START, STOP
from pipeline.evaluation.metrics.surprisal import surprisal
from pipeline.models.base.examples import cut_at_note

# target: onset D4, its tie, STOP
TUNE = cut_at_note([START, 60, 62, 190, STOP], 0.5)


def predicted(*places: dict[int, float]) -> np.ndarray:
    """Log-probabilities with a few tokens at each position."""
    scores = np.full((len(places), 258), -np.inf)
    for row, place in zip(scores, places, strict=True):
        for token, share in place.items():
            row[token] = math.log(share)
    return scores


def test_every_token_has_surprisal_confidence_and_hit() -> None:
    # D4 0.2, E4 0.3 and a tie; then the tie with certainty; then STOP against a tie
    found = surprisal(predicted({62: 0.2, 64: 0.3, 188: 0.5}, {190: 1.0}, {190: 0.75, STOP: 0.25}), TUNE)
    assert found.nats == pytest.approx([-math.log(0.2), 0, -math.log(0.25)])
    assert found.confidence == pytest.approx([0.5, 1, 0.75])
    assert found.hit.tolist() == [False, True, False]


def test_pitch_probabilities_are_normalized_over_onset_tokens() -> None:
    found = surprisal(predicted({62: 0.2, 64: 0.3, 188: 0.5}, {190: 1.0}, {STOP: 1.0}), TUNE)
    assert found.pitch_nats == pytest.approx([-math.log(0.4), 0, 0])
    assert found.pitch_confidence == pytest.approx([0.6, 0, 0])
    assert found.pitch_hit.tolist() == [False, False, False]
    right = surprisal(predicted({62: 0.3, 64: 0.2, 188: 0.5}, {190: 1.0}, {STOP: 1.0}), TUNE)
    assert right.pitch_hit.tolist() == [True, False, False]
