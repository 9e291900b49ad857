"""Section: what the notes and pieces of each data set are like."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from markupsafe import Markup

from pipeline.report.charts import line_chart
from pipeline.report.html import ReportSection, figure, heading, table
from pipeline.report.inputs import Inputs

# name in the card: what is drawn, unit of the axis, whether the card counts it in steps
DRAWN = {
    "pitch": ("pitch of notes", "MIDI note number, in the key of the shards", False),
    "interval": ("interval to the next note", "semitones", False),
    "duration": ("duration of notes", "quarter notes", True),
    "length": ("length of pieces", "quarter notes, eight at a time", False),
}
SEEN = 0.001  # a smaller share cannot be seen
FEW = 5  # a data set of fewer pieces has no distribution
METERS = 8  # columns of the table


def distributions(inputs: Inputs) -> ReportSection:
    """Four histograms with a line a data set, and a table of metres."""
    body = Markup("").join(_drawn(name, inputs.cards) for name in DRAWN) + _meters(inputs.cards)
    how = (
        "What stands in the shards, all splits together, each data set as shares of its own notes or "
        "pieces: a peak that nobody expects is often a mistake in the source or in the settings."
    )
    return ReportSection("distributions", "Notes and pieces of the data sets", how, body)


def _drawn(name: str, cards: Mapping[str, Mapping[str, Any]]) -> Markup:
    what, unit, in_steps = DRAWN[name]
    lines = {}
    for dataset, card in cards.items():
        if sum(split["examples"] for split in card["examples"].values()) < FEW:
            continue
        per_quarter = card["steps_per_quarter"] if in_steps else 1
        lines[dataset] = _shares(card["distributions"][name], per_quarter)
    drawing = line_chart(lines, unit, "share", f"Lines: shares of every {what} in {', '.join(lines)}.")
    return heading(what[0].upper() + what[1:]) + figure(drawing, f"Share of every {what}, by data set.")


def _shares(counts: Iterable[tuple[int, int]], per_quarter: int) -> tuple[list[float], list[float]]:
    """Values and their shares, as far as there is something to see."""
    pairs = list(counts)
    total = sum(count for _, count in pairs) or 1
    shown = [(value / per_quarter, count / total) for value, count in pairs if count >= SEEN * total]
    return [value for value, _ in shown], [share for _, share in shown]


def _meters(cards: Mapping[str, Mapping[str, Any]]) -> Markup:
    pieces: dict[str, int] = {}
    for card in cards.values():
        for meter, count in card["meters"].items():
            pieces[meter] = pieces.get(meter, 0) + count
    common = sorted(pieces, key=lambda meter: (-pieces[meter], meter))[:METERS]
    rows = [
        [
            dataset,
            *(card["meters"].get(meter, 0) for meter in common),
            sum(count for meter, count in card["meters"].items() if meter not in common),
        ]
        for dataset, card in cards.items()
    ]
    names = ["none, or it changes" if meter == "none" else meter for meter in common]
    return heading("Metres") + table(["data set", *names, "others"], rows)
