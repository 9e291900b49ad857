"""Section: distributions of notes and pieces in each data set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from markupsafe import Markup

from pipeline.report.charts import bars, draw, ranked_bars
from pipeline.report.html import ReportSection, charts_in_grid, counted, figure, folded, folded_table, number, paragraph
from pipeline.report.inputs import Inputs

# name in the card: title, unit of the axis, whether the card counts it in steps, units per bar
DRAWN = {
    "pitch": ("Pitch", "MIDI note number, transposed", False, 1.0),
    "interval": ("Interval to the next note", "semitones", False, 1.0),
    "duration": ("Duration of notes", "quarter notes", True, 1.0),
    "length": ("Length of pieces", "quarter notes, in steps of 8", False, 8.0),
}
LONGEST_NOTE = 6  # quarter notes; the axis ends there, longer ones are added to the last bar
FEW = 5  # data sets with fewer pieces have no chart
METERS = 8  # bars of the chart, columns of the table
LEAD = "Notes and pieces of a data set, all splits together. A bar of height 0 is a value that does not occur."


def distributions(inputs: Inputs) -> ReportSection:
    """Bar charts of the main data set; those of the other data sets are folded."""
    main, body = inputs.main_dataset, Markup("")
    drawn = {name: card for name, card in inputs.cards.items() if _size(card) >= FEW}
    others = Markup("")
    for name, card in drawn.items():
        title = f"Data set {name}: {counted(_size(card), 'example')}"
        if name == main:
            body = paragraph(title) + _charts(name, card)
        else:
            others += folded(title, _charts(name, card))
    body += folded("Other data sets", others) if others else Markup("")
    return ReportSection("distributions", "Distributions", LEAD, body + _meters(inputs.cards))


def _size(card: Mapping[str, Any]) -> int:
    return sum(split["examples"] for split in card["examples"].values())


def _charts(dataset: str, card: Mapping[str, Any]) -> Markup:
    figures = [_histogram(name, dataset, card) for name in DRAWN] + [_meter_chart(dataset, card["meters"])]
    return charts_in_grid(figures)


def _histogram(name: str, dataset: str, card: Mapping[str, Any]) -> Markup:
    title, unit, in_steps, width = DRAWN[name]
    step = 1 / card["steps_per_quarter"] if in_steps else 1.0
    counts = _shares(card["distributions"][name], step, LONGEST_NOTE if in_steps else None)
    rows = [
        {"x": value, "y": 100 * share, "label": f"{value:g}: {100 * share:.3g} % ({number(count)})"}
        for value, share, count in counts
    ]
    spec = bars(rows, unit, "% of pieces" if name == "length" else "% of notes", title, width=0.85 * step * width)
    return figure(draw(spec, f"Bar chart of {dataset}: {title.lower()}, shares of each value."))


def _shares(
    counts: Iterable[tuple[int, int]], step: float, most: float | None
) -> list[tuple[float, float, int]]:
    """Value, share and count; counts beyond the end of the axis are added to its last value."""
    summed: dict[float, int] = {}
    for value, count in counts:
        place = value * step if most is None else min(value * step, most)
        summed[place] = summed.get(place, 0) + count
    total = sum(summed.values()) or 1
    return [(value, count / total, count) for value, count in sorted(summed.items())]


def _meter_chart(dataset: str, meters: Mapping[str, int]) -> Markup:
    ranked = sorted(meters, key=lambda meter: (-meters[meter], meter))
    shown, rest = ranked[:METERS], ranked[METERS:]
    counts = {_meter(meter): meters[meter] for meter in shown}
    if rest:
        counts["others"] = sum(meters[meter] for meter in rest)
    rows = [{"name": name, "value": n, "label": f"{name}: {counted(n, 'piece')}"} for name, n in counts.items()]
    alt = f"Bar chart of {dataset}: pieces by time signature."
    return figure(draw(ranked_bars(rows, "pieces", "Time signature", width=180), alt))


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
    head = ["data set", *map(_meter, common), "others"]
    return folded_table("Time signatures by data set", head, rows)


def _meter(name: str) -> str:
    return "none or changing" if name == "none" else name
