"""Charts of the report: Vega-Lite specifications, rendered to SVG when the report is written.

The page contains the finished SVG and no charting library: it paints at once, prints,
needs no request and has the same bytes for the same numbers. Every mark has a text
label, which the page shows on hover. Colours are placeholders that are replaced by the
page's CSS variables, so that a chart follows the light and the dark theme.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import vl_convert
from markupsafe import Markup

from pipeline.report.html import figure

FONT = "Liberation Sans"  # comes with vl-convert: text is measured alike on every machine
INK, QUIET, LINE = "#010201", "#010202", "#010203"
GENERATED, TRUTH = "#010204", "#010205"
SERIES = ("#010211", "#010212", "#010213", "#010214", "#010215", "#010216")
VARIABLES = {
    INK: "currentColor",
    QUIET: "var(--quiet)",
    LINE: "var(--line)",
    GENERATED: "var(--generated)",
    TRUTH: "var(--truth)",
    **{colour: f"var(--series-{number})" for number, colour in enumerate(SERIES, start=1)},
}
SMALL = (212, 112)  # width and height of one of several small charts, pixels
ROOM = 18  # pixels left of long labels, for fonts that are wider than FONT
Spec = dict[str, Any]
_CONFIG: Spec = {
    "font": FONT,
    "background": "transparent",
    "view": {"stroke": None},
    "axis": {
        "labelColor": QUIET,
        "titleColor": QUIET,
        "titleFontWeight": "normal",
        "labelFontSize": 11,
        "titleFontSize": 11,
        "domainColor": LINE,
        "tickColor": LINE,
        "gridColor": LINE,
        "gridOpacity": 0.6,
        "labelLimit": 220,
    },
    "axisX": {"grid": False},
    "legend": {"disable": True},  # the page has legends of its own, which wrap
    "title": {"color": INK, "fontSize": 12, "anchor": "start", "fontWeight": 600, "offset": 6},
    "text": {"color": INK, "fontSize": 11},
    "rule": {"color": INK},
}
_NOISE = re.compile(
    r' (?:role="graphics-(?:symbol|object)"|aria-roledescription="[^"]*"|pointer-events="none"|display="none"'
    r'|aria-label="[XY]-axis[^"]*"|aria-label="Symbol legend[^"]*"|aria-label="Title text[^"]*"'
    r'|stroke-miterlimit="10"|font-family="[^"]*"|xmlns:xlink="[^"]*"|version="1.1"|aria-hidden="true")'
)
_EMPTY = re.compile(r'<path class="(?:foreground|background)"[^>]*?d="(?:M0,0h0v0h0Z)?"[^>]*/>')


def draw(spec: Mapping[str, Any], alt: str, only: str = "") -> str:
    """A chart as inline SVG.

    Args:
        spec: Vega-Lite, without ``config``.
        alt: alternative text for screen readers.
        only: "wide" or "narrow" if the chart is one of a pair for screens of one width.
    """
    svg = vl_convert.vegalite_to_svg({"padding": 4, **spec, "config": _CONFIG})
    svg = _EMPTY.sub("", _NOISE.sub("", svg)).replace(' aria-label="', ' data-label="')
    for colour, variable in VARIABLES.items():
        svg = svg.replace(colour, variable)
    width = re.search(r'width="([\d.]+)"', svg)
    quoted = alt.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    names = f"chart {only}".strip()
    size = f"max-width:{float(width.group(1)) * 1.3:.0f}px" if width else ""
    return re.sub(
        r'<svg [^>]*?(viewBox="[^"]*")[^>]*>',
        rf'<svg class="{names}" role="img" aria-label="{{}}" style="{size}" \1>',
        svg,
        count=1,
    ).replace('aria-label="{}"', f'aria-label="{quoted}"', 1)


def in_two_widths(spec: Callable[[int], Spec], alt: str, wide: int = 720, narrow: int = 165) -> Markup:
    """A chart for wide screens and the same chart for narrow ones, of which the page shows one.

    Args:
        spec: the specification of a chart whose plot has this width in pixels.
    """
    drawn = (draw(spec(width), alt, only) for width, only in ((wide, "wide"), (narrow, "narrow")))
    return Markup("").join(map(figure, drawn))


def legend(scale: Mapping[str, Sequence[str]]) -> Markup:
    """Names and colours of the series of the charts that follow; see :func:`colours`."""
    items = Markup("").join(
        Markup('<span><i style="background:{}"></i>{}</span>').format(VARIABLES[colour], name)
        for name, colour in zip(scale["domain"], scale["range"], strict=True)
    )
    return Markup('<p class="legend">{}</p>\n').format(items)


def values(rows: Sequence[Mapping[str, Any]]) -> Spec:
    """The ``data`` of a specification; a number that is not finite is a gap."""
    return {"values": [{name: _finite(value) for name, value in row.items()} for row in rows]}


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def colours(names: Sequence[str], chosen: Mapping[str, str] | None = None) -> Spec:
    """The ``scale`` that gives each name its colour, in the order of the names."""
    free = iter(SERIES * (len(names) // len(SERIES) + 1))
    return {
        "domain": list(names),
        "range": [(chosen or {}).get(name) or next(free) for name in names],
    }


def interval_dots(
    rows: Sequence[Mapping[str, Any]],
    groups: Sequence[str],
    scale: Mapping[str, Any],
    x_title: str,
    width: int,
    step: int = 34,
) -> Spec:
    """Dots with their confidence intervals, one line per group and one row per series in it.

    Args:
        rows: ``group``, ``series``, ``value``, ``low``, ``high`` (None: no interval) and ``label``.
        groups: in their order from top to bottom.
        scale: see :func:`colours`.
        step: height of a group in pixels.
    """
    y: Spec = {
        "field": "group",
        "type": "nominal",
        "sort": list(groups),
        "title": None,
        "axis": {"grid": True, "ticks": False, "domain": False, "labelPadding": 8, "labelColor": INK},
    }
    shared: Spec = {
        "y": y,
        "yOffset": {"field": "series", "type": "nominal", "sort": scale["domain"]},
        "color": {"field": "series", "type": "nominal", "scale": dict(scale)},
        "description": {"field": "label"},
    }
    x: Spec = {"type": "quantitative", "title": x_title, "scale": {"zero": False, "nice": True}}
    layers: list[Spec] = [
        {
            "mark": {"type": "rule", "strokeWidth": 3, "opacity": 0.45, "aria": False},
            "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}, **shared},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 62, "opacity": 1},
            "encoding": {"x": {**x, "field": "value"}, **shared},
        },
    ]
    return {
        "data": values(rows),
        "width": width,
        "height": step * len(groups),
        "padding": {"left": ROOM, "right": 6, "top": 4, "bottom": 4},
        "layer": layers,
    }


def lines(
    rows: Sequence[Mapping[str, Any]],
    scale: Mapping[str, Any],
    x_title: str,
    y_title: str,
    title: str = "",
    size: tuple[int, int] = SMALL,
) -> Spec:
    """Lines with a dot at each value.

    Args:
        rows: ``series``, ``x``, ``y`` (None leaves a gap) and ``label``.
    """
    encoding: Spec = {
        "x": {"field": "x", "type": "quantitative", "title": x_title, "scale": {"zero": False}},
        "y": {"field": "y", "type": "quantitative", "title": y_title, "scale": {"zero": False, "nice": True}},
        "color": {"field": "series", "type": "nominal", "scale": dict(scale)},
    }
    encoding["x"]["axis"] = {"tickCount": 6, "labelFlush": False}
    encoding["y"]["axis"] = {"tickCount": 4}
    if all(float(row["x"]).is_integer() for row in rows):
        encoding["x"]["axis"]["tickMinStep"] = 1
    return {
        "data": values(rows),
        **({"title": title} if title else {}),
        "width": size[0],
        "height": size[1],
        "encoding": encoding,
        "layer": [
            {"mark": {"type": "line", "strokeWidth": 1.6, "aria": False}},
            {
                "mark": {"type": "point", "filled": True, "size": 24, "opacity": 1},
                "encoding": {"description": {"field": "label"}},
            },
        ],
    }


def bars(
    rows: Sequence[Mapping[str, Any]],
    x_title: str,
    y_title: str,
    title: str = "",
    size: tuple[int, int] = SMALL,
    width: float = 0.9,
) -> Spec:
    """Bars at numbers; a value without pieces is an empty place.

    Args:
        rows: ``x``, ``y`` and ``label``.
        width: of a bar, in units of x.
    """
    placed = [{**row, "from": row["x"] - width / 2, "to": row["x"] + width / 2} for row in rows]
    return {
        "data": values(placed),
        **({"title": title} if title else {}),
        "width": size[0],
        "height": size[1],
        "mark": {"type": "rect", "color": SERIES[0]},
        "encoding": {
            "x": {
                "field": "from",
                "type": "quantitative",
                "title": x_title,
                "axis": {"tickCount": 6},
                "scale": {"zero": False},
            },
            "x2": {"field": "to"},
            "y": {"field": "y", "type": "quantitative", "title": y_title, "axis": {"tickCount": 4}},
            "y2": {"datum": 0},
            "description": {"field": "label"},
        },
    }


def ranked_bars(
    rows: Sequence[Mapping[str, Any]],
    x_title: str,
    title: str = "",
    width: int = SMALL[0],
    scale: Mapping[str, Any] | None = None,
) -> Spec:
    """Horizontal bars of named values, stacked where there are several series.

    Args:
        rows: ``name``, ``value``, ``label`` and, with a scale, ``series``, in their order.
    """
    names = list(dict.fromkeys(row["name"] for row in rows))
    encoding: Spec = {
        "y": {
            "field": "name",
            "type": "nominal",
            "sort": names,
            "title": None,
            "axis": {"labelColor": INK, "ticks": False, "domain": False},
        },
        "x": {"field": "value", "type": "quantitative", "title": x_title, "axis": {"tickCount": 5}},
        "description": {"field": "label"},
    }
    if scale is not None:
        encoding["color"] = {"field": "series", "type": "nominal", "scale": dict(scale)}
        encoding["order"] = {"field": "place"}
        rows = [{**row, "place": scale["domain"].index(row["series"])} for row in rows]
    return {
        "data": values(rows),
        **({"title": title} if title else {}),
        "width": width,
        "height": {"step": 17},
        "padding": {"left": ROOM, "right": 6, "top": 4, "bottom": 4},
        "mark": {"type": "bar", **({} if scale is not None else {"color": SERIES[0]})},
        "encoding": encoding,
    }
