"""``export-hub``: a data set or a model as a folder for the Hugging Face Hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.usage import examples

Exported = Annotated[str, typer.Argument(metavar="NAME", help="a data set or an experiment of params.yaml")]
ToFolder = Annotated[Path, typer.Argument(metavar="FOLDER", help="a new or empty folder")]
Allow = Annotated[
    list[str] | None,
    typer.Option("--allow-licence", metavar="TEXT", help="a licence that you may redistribute; repeatable"),
]


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    lines = ("export-hub melodies hub/melodies", "export-hub chorales-harmony hub/chorales-harmony")
    app.command("export-hub", epilog=examples(*lines))(export_hub)


def export_hub(name: Exported, folder: ToFolder, allow_licence: Allow = None) -> None:
    """Export a data set or model for the Hugging Face Hub.

    A data set becomes Parquet files with a card (licence, features, citation) and Croissant
    metadata; rows whose licence does not permit redistribution are left out. A model becomes
    weights, settings and a model card. Upload the folder as it is.
    """
    from pipeline.tools.hub.export import export

    for line in export(name, folder, allow_licence or ()):
        print(line)
