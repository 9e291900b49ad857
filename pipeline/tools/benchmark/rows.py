"""Figures, and the protocol that must agree for two figures to be ranked together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.core.settings import Section

SECTIONS = ("pitch", "tokens", "music", "chorales", "copying", "reading")
DECIMALS = 3  # of printed figures


class Protocol(Section):
    """How a figure was measured.

    Attributes:
        data: the pieces.
        measured: the notes or tokens that are predicted, and the given context.
        grid: steps per quarter, or none.
        split: how test and training pieces are divided.
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
        name: name of the model or baseline.
        whose: ours or published.
        figure: the value; None: not measured.
        low, high: bounds of its 95 % interval, if there is one.
        seeds: random seeds, as text.
        source: short reference of the publication, or the file that it was read from.
        citation: full reference of the publication.
        command: the command that measures it; "" for a published figure.
        unranked: why the figure has no rank; "" for a ranked figure.
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
        title: heading of the comparison.
        unit: of all figures.
        better: whether lower or higher is better.
    """

    section: str
    title: str
    unit: str
    better: Literal["lower", "higher"]
    protocol: Protocol
    rows: Sequence[Row]

    def ranked(self) -> list[tuple[int | None, Row]]:
        """The rows with their ranks, best first, then those without a rank, then those not measured.

        Figures with the same printed value share a rank.
        """
        scores = [self._score(row) for row in self.rows]
        best_first = sorted(score for score in scores if score is not None)
        ranks = [None if score is None else best_first.index(score) + 1 for score in scores]
        pairs = list(zip(ranks, self.rows, strict=True))
        return sorted(pairs, key=lambda pair: (pair[1].figure is None, pair[0] or len(pairs) + 1))

    def _score(self, row: Row) -> float | None:
        """Sort key, lower is better; None for a figure without rank."""
        if row.figure is None or row.unranked:
            return None
        return round(row.figure, DECIMALS) * (1 if self.better == "lower" else -1)
