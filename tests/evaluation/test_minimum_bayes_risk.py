"""Minimum Bayes risk decoding selects the sample with the highest agreement."""

import numpy as np

from pipeline.core.vocabulary import START, STOP
from pipeline.evaluation.minimum_bayes_risk import minimum_bayes_risk
from pipeline.models.base.examples import cut_at_note

TUNE = cut_at_note([START, 60, 62, 64, 65, 67, 69, 71, 72, STOP], 0.5)


def sample(*pitches: int) -> np.ndarray:
    return np.array(pitches, np.uint16)


def test_two_similar_samples_outvote_a_different_one() -> None:
    alone, rising, almost = sample(80, 50, 79, 40), sample(67, 69, 71, 72), sample(67, 69, 71, 60)
    assert minimum_bayes_risk(TUNE, [alone, rising, almost], horizon=8) is rising


def test_notes_after_the_horizon_do_not_count() -> None:
    late, other, near = sample(67, 69, 71, 40, 90), sample(50, 40, 70, 72, 74), sample(67, 69, 71, 72, 74)
    assert minimum_bayes_risk(TUNE, [other, late, near], horizon=3) is late


def test_ties_are_won_by_the_first_candidate() -> None:
    assert minimum_bayes_risk(TUNE, [sample(), sample(67)], horizon=8).size == 0
