"""``report``: open the HTML report, or write one experiment's page."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.usage import examples
from pipeline.errors import PipelineError

PAGE = Path("data/report/index.html")
PAGES = Path(".cache/report")
OneExperiment = Annotated[str | None, typer.Option(metavar="E", help="write a page of this experiment alone")]
Open = Annotated[bool, typer.Option("--open", help="open the page in the browser")]


class NoReportError(PipelineError):
    """There is no report to open."""


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    lines = ("report --open", "report --experiment melodies --open")
    app.command("report", epilog=examples(*lines))(report)


def report(experiment: OneExperiment = None, open_page: Open = False) -> None:
    """Show where the HTML report is, and open it."""
    page = PAGE if experiment is None else _page_of(experiment)
    if not page.exists():
        raise NoReportError(f"{page}: no such file; `dvc repro report` writes it")
    print(page)
    if open_page:
        webbrowser.open(page.resolve().as_uri())


def _page_of(experiment: str) -> Path:
    """Write the page of one experiment, outside the outputs of DVC."""
    from pipeline import report as rooms
    from pipeline.core.files import write_text
    from pipeline.core.settings import load_yaml, lookup

    params = load_yaml()
    lookup(params, "experiments", experiment)
    write = getattr(rooms, "experiment_page", None)
    if write is None:
        raise NoReportError(f"a page of one experiment cannot be written yet; see {PAGE}")
    page = PAGES / f"{experiment}.html"
    write_text(page, write(Path("data"), params, load_yaml(Path("versions.yaml")), experiment))
    return page
