"""Template, style sheet and scripts of the page."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

FOLDER = Path(__file__).parent
STYLES = ("page.css", "parts.css")
SCRIPTS = ("player.js", "scores.js", "tables.js", "pieces.js")


def render(**content: object) -> str:
    """The page as HTML: the template filled with content, style sheets and scripts inlined."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True)
    template = environment.from_string((FOLDER / "page.html.j2").read_text(encoding="utf-8"))
    return template.render(style=_joined(STYLES), script=_joined(SCRIPTS), **content)


def _joined(names: tuple[str, ...]) -> Markup:
    return Markup("\n").join(Markup((FOLDER / name).read_text(encoding="utf-8")) for name in names)
