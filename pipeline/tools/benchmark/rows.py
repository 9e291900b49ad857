"""A figure, and what must agree before two of them may stand in one ranking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.core.settings import Section

SECTIONS = ("pitch", "tokens", "music", "chorales", "copying", "reading")
DECIMALS = 3  # of figures that are told


class Protocol(Section):
    """How a figure came about.

    Attributes:
        data: which pieces.
        measured: which notes or tokens of them, and what is known before.
        grid: steps per quarter, or none.
        split: what is held out from what.
        key: whether pieces are transposed.
    """

    data: str
    measured: str
    grid: str
    split: str
    key: str


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        name: of the model or baseline.
        whose: ours, or not.
        figure: None: not measured.
        low, high: of its 95 % interval, where there is one.
        seeds: of what is drawn at random, as text.
        source: who measured it, in short, or the file that it was read from.
        citation: of what is published.
        command: what measures it; "" where the figure is not ours.
        unranked: why it stands beside the others only; "" for a figure that is ranked.
    """

    name: str
    whose: Literal["ours", "published"]
    figure: float | None
    source: str
    seeds: str
    low: float | None = None
    high: float | None = None
    citation: str = ""
    command: str = ""
    unranked: str = ""


@dataclass(frozen=True)
class Comparison:
    """Figures of one unit under one protocol.

    Attributes:
        section: of SECTIONS.
        title: what is compared.
        unit: of all figures.
        better: which of them is better.
    """

    section: str
    title: str
    unit: str
    better: Literal["lower", "higher"]
    protocol: Protocol
    rows: Sequence[Row]

    def ranked(self) -> list[tuple[int | None, Row]]:
        """The rows with their ranks, best first, then those without a rank, then those not measured.

        Figures that are printed alike share a rank.
        """
        scores = [self._score(row) for row in self.rows]
        best_first = sorted(score for score in scores if score is not None)
        ranks = [None if score is None else best_first.index(score) + 1 for score in scores]
        pairs = list(zip(ranks, self.rows, strict=True))
        return sorted(pairs, key=lambda pair: (pair[1].figure is None, pair[0] or len(pairs) + 1))

    def _score(self, row: Row) -> float | None:
        """Lower is better; None for what has no rank."""
        if row.figure is None or row.unranked:
            return None
        return round(row.figure, DECIMALS) * (1 if self.better == "lower" else -1)
