"""``schema``: the JSON Schema of params.yaml, for editors."""

from __future__ import annotations

import typer

from pipeline.cli.usage import examples


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("schema", epilog=examples("schema > pipeline/params.schema.json"))(schema)


def schema() -> None:
    """Print the JSON Schema of params.yaml, for editors."""
    import json

    from pipeline.tools.schema import schema as schema_of_parameters

    print(json.dumps(schema_of_parameters(), indent=1, ensure_ascii=False))
