"""``add``: add a folder of scores as a corpus, a data set and an experiment."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.usage import PROGRAM, WIDTH, examples

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="scores, subfolders included")]
Name = Annotated[str, typer.Option(metavar="NAME", help="name of the corpus, data set and experiment")]
Licence = Annotated[str, typer.Option(metavar="TEXT", help="licence of the scores, for example CC-BY-4.0")]
Citation = Annotated[str, typer.Option(metavar="TEXT", help="how to cite the scores")]
Dry = Annotated[bool, typer.Option("--dry-run", help="report and print the entries, but write nothing")]


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("add", epilog=examples("add ~/songs --name my-songs"))(add)


def add(
    folder: Folder,
    name: Name,
    licence: Licence = "none stated",
    citation: Citation = "",
    dry_run: Dry = False,
) -> None:
    """Add a folder of scores to params.yaml.

    Reads every score, reports formats, parts and missing keys, and appends a corpus, a data
    set and an experiment, with comments, to params.yaml. The whole file is validated before
    it is written.
    """
    from pipeline.tools.adding.entries import add_folder
    from pipeline.workflow.progress import show

    added = add_folder(folder, name, licence, citation, write=not dry_run)
    show(("found", "files"), added.found.rows(), stderr=False)
    for line in added.found.remarks():
        print(textwrap.fill(line, WIDTH, subsequent_indent="  ", break_on_hyphens=False))
    if dry_run:
        print(added.text)
        return
    print(f"params.yaml: corpus, data set and experiment '{name}' added. Next:\n")
    commands = {
        f"dvc repro encode@{name}": f"tokens, and data/cards/{name}",
        f"dvc repro evaluate@{name}": "train and evaluate a small model",
        f"{PROGRAM} explain": "what else would run",
    }
    column = max(map(len, commands))
    for command, effect in commands.items():
        print(f"  {command:{column}}  # {effect}")
