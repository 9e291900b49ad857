"""Section: samples of the harmonization models."""

from __future__ import annotations

from markupsafe import Markup

from pipeline.report.engraving import Engraver
from pipeline.report.html import ReportSection, folded, paragraph
from pipeline.report.inputs import Inputs
from pipeline.report.listen.cards import Card, sample_card

MOST_PIECES = 3  # of an experiment
LEAD = (
    "Some voices of a held-out chorale are given (black), the model generates the others (blue). Each "
    "voice can be "
    "muted."
)


def harmonizations(inputs: Inputs) -> ReportSection:
    """One chorale open, with its score; the others in a fold."""
    engraver, cards, body = Engraver(), list[Card](), Markup("")
    for number, model in enumerate(inputs.harmonizers):
        own = [
            sample_card(inputs, model, sample, engraver, opened=number == place == 0)
            for place, sample in enumerate(model.samples[:MOST_PIECES])
        ]
        cards += own
        shown, hidden = (own[:1], own[1:]) if number == 0 else ([], own)
        body += Markup("").join(card.html for card in shown)
        if hidden:
            body += folded(f"More samples of {model.name}", Markup("").join(card.html for card in hidden))
    body = body or paragraph("params.yaml has no harmonization experiment.")
    return ReportSection(
        "harmonizations", "Harmonization", LEAD, body, [score for card in cards for score in card.scores]
    )
