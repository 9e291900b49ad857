"""Of several continuations the one that the others agree with most.

Minimum Bayes risk (Kumar and Byrne 2004): the samples stand for all that the model
holds possible, and the one is chosen whose mean F1 with all of them is highest. What
is likeliest symbol by symbol may be like nothing else that the model would say.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.evaluation.baselines.continuations import Symbols
from pipeline.evaluation.metrics.continuation import pattern_match, points, within
from pipeline.models.base.examples import Example


def minimum_bayes_risk(example: Example, samples: Sequence[Symbols], horizon: int) -> Symbols:
    """The sample with the highest mean F1 with all samples; of equal ones the first.

    Args:
        samples: at least one; symbols that follow the source.
        horizon: steps after the last onset of the source that are compared.
    """
    first, prime = len(example.source) // example.voices, points(example.source, example.voices)
    compared = [within(points(sample, example.voices, first), prime, horizon) for sample in samples]
    agreement = [
        sum(match.f1 for other in compared if (match := pattern_match(other, own)) is not None)
        for own in compared
    ]
    return samples[int(np.argmax(agreement))]
