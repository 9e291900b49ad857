"""``report``: show where the HTML report is, or write one experiment's page."""

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
Out = Annotated[Path | None, typer.Option(metavar="FILE", help=f"file of that page; default: {PAGES}/E.html")]
Open = Annotated[bool, typer.Option("--open", help="open the page in the browser")]


class NoReportError(PipelineError):
    """There is no report to open."""


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    lines = ("report --open", "report --experiment melodies --open")
    app.command("report", epilog=examples(*lines))(report)


def report(experiment: OneExperiment = None, out: Out = None, open_page: Open = False) -> None:
    """Show where the HTML report is, and open it.

    With --experiment a page with the results, samples and data of that experiment is written
    first, in seconds.
    """
    page = PAGE if experiment is None else _page_of(experiment, out or PAGES / f"{experiment}.html")
    if not page.exists():
        raise NoReportError(f"{page}: no such file; `dvc repro report` writes it")
    print(page)
    if open_page:
        webbrowser.open(page.resolve().as_uri())


def _page_of(experiment: str, path: Path) -> Path:
    """Write the page of one experiment, outside the outputs of DVC."""
    from pipeline.core.files import write_text
    from pipeline.core.settings import load_yaml
    from pipeline.report import page

    params, results = load_yaml(), Path("data/evaluations") / experiment
    if experiment in params["experiments"] and not results.exists():
        raise NoReportError(f"{results}: no such folder; `dvc repro evaluate@{experiment}` writes it")
    write_text(path, page(Path("data"), params, load_yaml(Path("versions.yaml")), experiment))
    return path
