"""Minimum Bayes risk decoding: the sample with the highest mean agreement with all samples.

The samples approximate the model's distribution, and the one with the highest mean F1
against all of them is chosen (Kumar and Byrne 2004). A greedy continuation may differ from
all samples of the model.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.evaluation.baselines.continuations import Tokens
from pipeline.evaluation.metrics.continuation import last_steps, pattern_match, points, within
from pipeline.models.base.examples import Example


def minimum_bayes_risk(example: Example, samples: Sequence[Tokens], horizon: int) -> Tokens:
    """The sample with the highest mean F1 against all samples; the first of equal ones.

    Args:
        example: the source.
        samples: at least one; tokens that follow the source.
        horizon: steps after the last onset of the source that are compared.
    """
    first, source = len(example.source) // example.voices, points(example.source, example.voices)
    end = int(last_steps(source, [horizon])[0])
    compared = [within(points(sample, example.voices, first), end) for sample in samples]
    agreement = [
        sum(match.f1 for other in compared if (match := pattern_match(other, own)) is not None)
        for own in compared
    ]
    return samples[int(np.argmax(agreement))]
