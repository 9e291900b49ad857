"""``show`` and ``trace``: one piece as a picture, and where it came from."""

from __future__ import annotations

import shutil
import textwrap
from typing import Annotated

import typer

from pipeline.cli.usage import WIDTH, examples
from pipeline.core.text import counted

ShownPiece = Annotated[
    str, typer.Argument(metavar="PIECE", help="a piece_id, as in data/tokens; a phrase's ends in :NUMBER")
]
OfDataset = Annotated[
    str | None, typer.Option(metavar="D", help="a data set; default: the first with the piece")
]
TracedPiece = Annotated[str | None, typer.Argument(metavar="[PIECE]", help="a piece_id")]
Row = Annotated[
    str | None,
    typer.Option(metavar="SHARD:N", help="row N, counted from 0, of a shard: DATASET/SPLIT/00000:N"),
]
Step = Annotated[int | None, typer.Option(metavar="S", help="with --row: the bar of this step of the row")]


def add_commands(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("show", epilog=examples("show 'essen/altdeu10#17' --dataset melodies"))(show)
    lines = ("trace 'essen/altdeu10#17'", "trace --row melodies/train/00000:1319 --step 96")
    app.command("trace", epilog=examples(*lines))(trace)


def show(piece: ShownPiece, dataset: OfDataset = None) -> None:
    """Draw a piece as text, and print its tokens by name.

    The piece is drawn on its data set's grid, in the key of the score: one row per pitch, one
    column per step, | = bar line.
    """
    from pipeline.core import vocabulary
    from pipeline.formats.writers.layout import grid_of
    from pipeline.tools.inspection.piano_roll import draw
    from pipeline.tools.inspection.pieces import find_grids, find_tokens
    from pipeline.tools.inspection.token_names import names_of

    name, grids = find_grids(piece, dataset)
    tokens = {row["piece_id"]: (place, row) for place, row in find_tokens(piece, name)}
    width = shutil.get_terminal_size((WIDTH, 0)).columns
    for row in grids.to_pylist():
        grid = grid_of(row)
        meter = f", {row['meter']}" if row["meter"] else ""
        print(f"{row['piece_id']}  {row['title'] or ''}".rstrip())
        print(
            f"{name}: {counted(row['n_steps'], 'step')}, {row['steps_per_quarter']} per quarter{meter}, "
            f"{counted(row['n_notes'], 'note')}, {counted(row['voices'], 'voice')}\n"
        )
        print(draw(grid, row["step_in_bar"], width, row["chord"]))
        if row["piece_id"] in tokens:
            place, example = tokens[row["piece_id"]]
            print(f"{place} (transposed by {example['transposition']:+d}):")
            print(names_of(example["tokens"], width))
        else:
            print("tokens (this piece is in no shard; as written, not transposed):")
            print(names_of(vocabulary.encode(grid).tolist(), width))
        print()


def trace(piece: TracedPiece = None, row: Row = None, step: Step = None) -> None:
    """Show the history of a piece, stage by stage.

    Source file and sha256, what reading found and changed, its tune family, and in each data
    set its quantization, filters, split, shard and row; or the rule that rejected it.
    """
    from pipeline.tools.inspection.pieces import UnknownPieceError
    from pipeline.tools.inspection.trace import tell, way_back

    if (piece is None) == (row is None):
        raise typer.BadParameter("give either PIECE or --row")
    if row:
        piece, lines = way_back(row, step)
        print("\n".join(line for text in lines for line in _wrapped(text, "")), end="\n\n")
    elif step is not None:
        raise UnknownPieceError("--step counts the steps of a row and needs --row SHARD:N")
    for chapter in tell(piece or ""):
        print(chapter.stage)
        for text in chapter.lines:
            print("\n".join(_wrapped(text, "    ")))


def _wrapped(text: str, indent: str) -> list[str]:
    more = f"{indent}  "
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=more,
        break_long_words=False,
        break_on_hyphens=False,
    )
