"""``show`` and ``trace``: one piece, as a picture and as a story."""

from __future__ import annotations

import argparse
import shutil
from typing import Any

from pipeline.core import vocabulary
from pipeline.formats.writers.layout import grid_of
from pipeline.tools.inspection.piano_roll import WIDTH, draw
from pipeline.tools.inspection.pieces import UnknownPieceError, find_grids, find_tokens
from pipeline.tools.inspection.token_names import names_of
from pipeline.tools.inspection.trace import tell, way_back


def add_commands(commands: Any) -> None:
    """Add the commands to the parser's."""
    show = commands.add_parser(
        "show",
        help="draw a piece as text, and print its tokens by name",
        description="Draw a piece as it lies on a data set's grid (a row a pitch, a column a step, | = bar "
        "line, in the key of the score), and print its tokens by name.",
        epilog="example: python -m pipeline show 'essen/altdeu10#17' --dataset melodies",
    )
    show.add_argument("piece", metavar="PIECE", help="a piece_id; a phrase's ends in :NUMBER")
    show.add_argument("--dataset", metavar="D", help="a data set; the first that holds the piece unless told")
    show.set_defaults(command=_show)
    trace = commands.add_parser(
        "trace",
        help="tell what became of a piece, from its source file to its shards",
        description="Tell the whole story of a piece: source file and sha256, what reading found and "
        "changed, its tune family, and in each data set what quantizing cost, what the filters say, its "
        "split, and its shard and row; or the rule that rejected it.",
        epilog="examples: python -m pipeline trace 'essen/altdeu10#17'; "
        "python -m pipeline trace --row melodies/train/00000:1319 --step 96",
    )
    which = trace.add_mutually_exclusive_group(required=True)
    which.add_argument("piece", metavar="PIECE", nargs="?", help="a piece_id")
    which.add_argument(
        "--row", metavar="SHARD:N", help="row N, counted from 0, of a shard: DATASET/SPLIT/00000:N"
    )
    trace.add_argument("--step", type=int, metavar="S", help="with --row: the bar of this step of the row")
    trace.set_defaults(command=_trace)


def _show(asked: argparse.Namespace) -> None:
    dataset, grids = find_grids(asked.piece, asked.dataset)
    tokens = {row["piece_id"]: (place, row) for place, row in find_tokens(asked.piece, dataset)}
    width = shutil.get_terminal_size((WIDTH, 0)).columns
    for row in grids.to_pylist():
        grid = grid_of(row)
        meter = f", {row['meter']}" if row["meter"] else ""
        print(f"{row['piece_id']}  {row['title'] or ''}")
        print(
            f"{dataset}: {row['n_steps']} steps, {row['steps_per_quarter']} a quarter{meter}, "
            f"{row['n_notes']} notes, {row['voices']} voice{'s' * (row['voices'] > 1)}\n"
        )
        print(draw(grid, row["step_in_bar"], width))
        if row["piece_id"] in tokens:
            place, example = tokens[row["piece_id"]]
            print(f"tokens of {place} (transposed by {example['transposition']:+d}):")
            print(names_of(example["tokens"], width))
        else:
            print("tokens (no shard holds this piece; as written, not transposed):")
            print(names_of(vocabulary.encode(grid).tolist(), width))
        print()


def _trace(asked: argparse.Namespace) -> None:
    if asked.row:
        piece, lines = way_back(asked.row, asked.step)
        print("\n".join(lines), end="\n\n")
    elif asked.step is not None:
        raise UnknownPieceError("--step counts the steps of a row: it goes with --row SHARD:N")
    else:
        piece = asked.piece
    for chapter in tell(piece):
        print(chapter.stage)
        for line in chapter.lines:
            print(f"    {line}")
