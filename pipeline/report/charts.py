"""Drawings for the report: SVG text that takes the page's own colours.

matplotlib draws; a placeholder colour is then replaced by ``currentColor``, so
that lines of axes and letters follow the page into its dark form. No date and no
random id reaches the SVG: the same numbers give the same text.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

INK = "#010203"  # stands for the colour of the page's text
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # Okabe and Ito 2008
FONT = "DejaVu Sans"  # comes with matplotlib: text is measured alike on every machine
SHADES = (2, 4, 8, 16, 32)  # times an even spread of weights: one shade of a matrix each
MATRIX_INCHES = 5.2  # width of a matrix, whatever the number of columns
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "entchen",
    "font.family": FONT,
    "font.size": 10,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
}


def line_chart(
    series: Mapping[str, tuple[ArrayLike, ArrayLike]], x_label: str, y_label: str, alt: str
) -> str:
    """Lines over a common axis.

    Args:
        series: name of each line, its x and y values; NaN leaves a gap.
        x_label, y_label: what the axes show, with units.
        alt: what a person sees there, for those who do not.
    """
    figure = Figure(figsize=(6.4, 3.2), layout="constrained")
    with mpl.rc_context(STYLE):
        axes = figure.subplots()
        for (name, (x, y)), colour in zip(series.items(), _colours(len(series)), strict=True):
            axes.plot(
                np.asarray(x, float),
                np.asarray(y, float),
                label=name,
                color=colour,
                marker="o",
                markersize=2.5,
            )
        if all(np.equal(np.mod(np.asarray(x, float), 1), 0).all() for x, _ in series.values()):
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        if len(series) > 1:
            axes.legend()
        return _svg(figure, alt)


@dataclass(frozen=True)
class AttentionHeatmap:
    """A matrix of looks and the notes that it lies over.

    Attributes:
        weights: (T, N) each row sums to 1; row t may look at the first S + t columns that there are.
        n_source: S.
        notes: (first symbol, symbol after the last, pitch) of source and target, counted from the
            first symbol of the source; n_source + T of them.
        bars: symbols at which a bar begins.
        shares: by name (T,) what each opinion contributes to a row; none: no such panel.
    """

    weights: NDArray[np.float64]
    n_source: int
    notes: Sequence[tuple[int, int, int]]
    bars: Sequence[int]
    shares: Mapping[str, ArrayLike]


def matrix_over_notes(looks: AttentionHeatmap, alt: str) -> str:
    """A matrix over the notes that were read (above) and the notes that are said (on the left, downwards).

    A field is drawn where the weight is at least SHADES[0] times what it would be were
    all places of its row looked at alike; the more, the darker.

    Args:
        alt: what a person sees there, for those who do not.
    """
    n_rows, n_columns = looks.weights.shape
    tall = max(MATRIX_INCHES * n_rows / n_columns, 0.8)
    width, height = MATRIX_INCHES + 3.3, tall + 1.5  # inches
    figure = Figure(figsize=(width, height))

    def axes_at(x: float, y: float, wide: float, high: float) -> Axes:
        """Placed by hand: the places that a solver finds differ in their last digits from run to run."""
        return figure.add_axes((x / width, y / height, wide / width, high / height))

    with mpl.rc_context({**STYLE, "font.size": 8}):
        matrix = axes_at(1.6, 0.5, MATRIX_INCHES, tall)
        above, left = axes_at(1.6, tall + 0.6, MATRIX_INCHES, 0.8), axes_at(0.6, 0.5, 0.9, tall)
        _draw_matrix(matrix, looks)
        _draw_notes(above, looks, downwards=False)
        _draw_notes(left, looks, downwards=True)
        down = [matrix, left]
        if looks.shares:
            shares = axes_at(1.7 + MATRIX_INCHES, 0.5, 0.9, tall)
            _draw_shares(shares, looks)
            shares.legend(
                loc="lower left",
                bbox_to_anchor=(0, 1 + 0.1 / tall),
                borderaxespad=0,
                handlelength=1,
                fontsize=7,
            )
            down.append(shares)
        for axes in (above, matrix):
            axes.set_xlim(0, n_columns)
        for axes in down:
            axes.set_ylim(n_rows, 0)
            axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        return _svg(figure, alt)


def _draw_matrix(axes: Axes, looks: AttentionHeatmap) -> None:
    n_rows, n_columns = looks.weights.shape
    reach = np.minimum(looks.n_source + np.arange(n_rows), n_columns)
    level = np.searchsorted(SHADES, looks.weights * reach[:, None], side="right")
    for shade in range(1, len(SHADES) + 1):
        boxes = []
        for row, columns in enumerate(level == shade):
            borders = np.flatnonzero(np.diff(columns, prepend=False, append=False)).reshape(-1, 2)
            boxes += [(begin, row, end - begin, 1) for begin, end in borders.tolist()]
        _fill(axes, boxes, INK, shade / len(SHADES))
    if n_columns > looks.n_source:
        axes.axvline(looks.n_source, color=SERIES[1], linewidth=0.8)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("read, and then said (symbols)" if n_columns > looks.n_source else "read (symbols)")
    axes.tick_params(labelleft=False)


def _draw_notes(axes: Axes, looks: AttentionHeatmap, downwards: bool) -> None:
    """A piano roll along one side: of all columns, or of the target downwards, the sides changed."""
    first = looks.n_source if downwards else 0
    end = first + (len(looks.weights) if downwards else looks.weights.shape[1])
    shown = [(max(b, first), min(e, end), pitch) for b, e, pitch in looks.notes if b < end and e > first]
    for colour, said in ((SERIES[0], False), (SERIES[1], True)):
        boxes = [
            (b - first, pitch - 0.5, e - b, 1.0) for b, e, pitch in shown if (b >= looks.n_source) == said
        ]
        _fill(axes, [(y, x, h, w) for x, y, w, h in boxes] if downwards else boxes, colour)
    pitches = [pitch for _, _, pitch in shown] or [60]
    limits = (min(pitches) - 1, max(pitches) + 1)
    ticks = [p for p in range(0, 128, 12) if limits[0] <= p <= limits[1]]
    names = [f"C{p // 12 - 1}" for p in ticks]
    for bar in (bar - first for bar in looks.bars if first <= bar < end):
        (axes.axhline if downwards else axes.axvline)(bar, color=INK, alpha=0.3, linewidth=0.5)
    if downwards:
        axes.set_xlim(*limits)
        axes.set_xticks(ticks, names)
        axes.set_ylabel("said (symbols)")
    else:
        axes.set_ylim(*limits)
        axes.set_yticks(ticks, names)
        axes.tick_params(labelbottom=False)


def _draw_shares(axes: Axes, looks: AttentionHeatmap) -> None:
    """What each opinion contributes to each row, side by side."""
    begin = np.zeros(len(looks.weights))
    colours = SERIES[2:]  # the others are those of the notes
    for (name, share), colour in zip(looks.shares.items(), colours, strict=False):
        width = np.asarray(share, float)
        rows = zip(begin.tolist(), width.tolist(), strict=True)
        _fill(axes, [(x, row, w, 1) for row, (x, w) in enumerate(rows)], colour, label=name)
        begin = begin + width
    axes.set_xlim(0, 1)
    axes.set_xlabel("credit")
    axes.tick_params(labelleft=False)


def _fill(
    axes: Axes,
    boxes: Sequence[tuple[float, float, float, float]],
    colour: str,
    alpha: float = 1.0,
    label: str | None = None,
) -> None:
    """Boxes (x, y, width, height) as one path: small, and without seams."""
    if not boxes:
        return
    corners = np.array([[(x, y), (x + w, y), (x + w, y + h), (x, y + h), (x, y)] for x, y, w, h in boxes])
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * len(boxes)
    path = Path(corners.reshape(-1, 2), codes)
    axes.add_patch(PathPatch(path, facecolor=colour, alpha=alpha, linewidth=0, label=label))


def _colours(n: int) -> list[str]:
    return [SERIES[i % len(SERIES)] for i in range(n)]


def _svg(figure: Figure, alt: str) -> str:
    """The drawing as an inline element, named for screen readers."""
    text = io.StringIO()
    figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor").replace(f"'{FONT}'", "system-ui, sans-serif")
    width, height = re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', svg).groups()  # type: ignore[union-attr]
    quoted = alt.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    size = f'style="width:{float(width) / 12:.2f}rem;max-width:100%;height:auto"'
    return svg.replace(
        f'width="{width}pt" height="{height}pt"', f'role="img" aria-label="{quoted}" {size}', 1
    )
