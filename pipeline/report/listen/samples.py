"""Section: samples of every continuation model."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from pipeline.report.engraving import Engraver
from pipeline.report.html import ReportSection, folded, paragraph
from pipeline.report.inputs import ExperimentResults, Inputs
from pipeline.report.listen.cards import Card, sample_card

OPEN_CARDS = 4
MOST_PIECES = 3  # of an experiment, the first ones; their order is decided by a hash
LEAD = (
    "The prompt (black) is the first half of a held-out piece. The original (grey) is its second half, the "
    "model's "
    "continuation (blue) is sampled. Pieces are chosen by a hash, not by quality; those whose "
    "continuation is about as long as the original come first."
)


def covers(inputs: Inputs) -> list[Card]:
    """Cards of the first screen: samples of the experiment with most held-out pieces."""
    engraver = Engraver()
    if inputs.held_out:
        return _cards(inputs, inputs.held_out[0], engraver, _chosen(inputs.held_out[0]), True)
    return [
        card
        for each in inputs.overfitted[:1]
        for card in _cards(inputs, each, engraver, each.samples[:1], True)
    ]


def continuations(inputs: Inputs) -> ReportSection:
    """A card for each of some other experiments; further experiments and pieces are folded."""
    engraver, cards = Engraver(), list[Card]()
    opened: list[Card] = []
    folds = Markup("")
    for experiment in inputs.held_out[1:]:
        first, *others = _cards(inputs, experiment, engraver, _chosen(experiment))
        cards += [first, *others]
        if len(opened) < OPEN_CARDS:
            opened.append(first)
        else:
            others.insert(0, first)
        folds += _fold(experiment.name, others)
    body = _grid(opened)
    scores = [score for card in cards for score in card.scores]
    if folds:
        folds = folded("More samples", folds)
    if not inputs.held_out[1:]:
        body = paragraph("The first screen has the samples of the only experiment with held-out pieces.")
    return ReportSection("continuations", "Continuations", LEAD, body + folds, scores)


def overfitting_samples(inputs: Inputs) -> ReportSection:
    """Samples of experiments that are evaluated on their training pieces."""
    engraver = Engraver()
    already = inputs.overfitted[:1] if not inputs.held_out else []
    cards = [
        card
        for each in inputs.overfitted
        if each not in already
        for card in _cards(inputs, each, engraver, each.samples[:1])
    ]
    body = _grid(cards) if cards else paragraph("params.yaml has none.")
    lead = "These models are trained and evaluated on the same piece, to test that they can learn it exactly."
    scores = [score for card in cards for score in card.scores]
    return ReportSection("overfitting-samples", "Overfitting experiments", lead, body, scores, folded=True)


def _chosen(experiment: ExperimentResults) -> Sequence[Mapping[str, Any]]:
    """Pieces whose sampled continuation is about as long as the original: others run on or end at once."""

    def difference(sample: Mapping[str, Any]) -> float:
        return abs(math.log(max(len(sample["sampled"]), 1) / max(len(sample["reference"]), 1)))

    return sorted(experiment.samples, key=difference)[:MOST_PIECES]


def _cards(
    inputs: Inputs,
    experiment: ExperimentResults,
    engraver: Engraver,
    samples: Sequence[Mapping[str, Any]],
    opened: bool = False,
) -> list[Card]:
    return [sample_card(inputs, experiment, sample, engraver, opened) for sample in samples]


def _fold(summary: str, cards: Sequence[Card]) -> Markup:
    if not cards:
        return Markup("")
    return folded(summary, _grid(cards))


def _grid(cards: Sequence[Card]) -> Markup:
    return Markup('<div class="cards">{}</div>\n').format(Markup("").join(card.html for card in cards))
