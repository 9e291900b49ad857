"""Repetition in the written samples, compared with the true continuations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pipeline.evaluation.metrics.repetition import repetition, repetition_figures
from pipeline.evaluation.samples import Sample


def repetition_of_samples(samples: Sequence[Sample]) -> dict[str, dict[str, Any]]:
    """Figures of :class:`RepetitionFigures` by decoding method, and of the true continuations.

    Args:
        samples: at least one.
    """
    endings = {name: [each.continuations[name] for each in samples] for name in samples[0].continuations}
    endings = {"reference": [each.example.target for each in samples], **endings}
    measured = {
        name: [
            repetition(sample.example, ending, sample.row["steps_per_quarter"])
            for sample, ending in zip(samples, own, strict=True)
        ]
        for name, own in endings.items()
    }
    true = [each.quarters for each in measured["reference"]]
    return {name: asdict(repetition_figures(own, true)) for name, own in measured.items()}
