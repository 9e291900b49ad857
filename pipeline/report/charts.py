"""Drawings for the report: SVG text that takes the page's own colours.

matplotlib draws; a placeholder colour is then replaced by ``currentColor``, so
that lines of axes and letters follow the page into its dark form. No date and no
random id reaches the SVG: the same numbers give the same text.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

INK = "#010203"  # stands for the colour of the page's text
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # Okabe and Ito 2008
FONT = "DejaVu Sans"  # comes with matplotlib: text is measured alike on every machine
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


def heat_map(
    values: NDArray[np.float64],
    rows: Sequence[str],
    columns: Sequence[str],
    labels: tuple[str, str],
    alt: str,
) -> str:
    """A matrix as shades, each row and column named.

    Args:
        values: (R, C), 0 to 1.
        rows, columns: names, top to bottom and left to right.
        labels: what rows and columns are.
        alt: what a person sees there, for those who do not.
    """
    size = (1.4 + 0.27 * len(columns), 1.2 + 0.22 * len(rows))
    figure = Figure(figsize=size, layout="constrained")
    with mpl.rc_context({**STYLE, "font.size": 8}):
        axes = figure.subplots()
        shades = axes.pcolormesh(
            values, cmap="viridis", vmin=0.0, vmax=float(values.max()), edgecolors="face"
        )
        axes.invert_yaxis()
        axes.set_xticks(np.arange(len(columns)) + 0.5, columns, rotation=90)
        axes.set_yticks(np.arange(len(rows)) + 0.5, rows)
        axes.set_ylabel(labels[0])
        axes.set_xlabel(labels[1])
        figure.colorbar(shades, ax=axes, label="weight", fraction=0.04)
        return _svg(figure, alt)


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
