"""``encode`` and ``decode``: single files, outside DVC."""

from __future__ import annotations

import argparse
import shutil
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

from pipeline.core.files import replacing
from pipeline.tools.inspection.encode_file import FileError, encode_file
from pipeline.tools.inspection.piano_roll import WIDTH, draw
from pipeline.tools.inspection.token_names import names_of
from pipeline.tools.inspection.token_text import Line, as_score, in_score_key, read_lines, write_row
from pipeline.workflow.progress import say

STANDARD_INPUT = "-"


def add_commands(commands: Any) -> None:
    """Add the commands to the parser's."""
    encode = commands.add_parser(
        "encode",
        help="print the tokens of a score file",
        description="Read a score file as a data set does, by its quantizing and key settings, and print a "
        "line of tokens for each piece, a line of facts before it. Nothing is filtered: what the data set's "
        "filters would reject is said on stderr.",
        epilog="example: python -m pipeline encode tune.abc --dataset melodies > tune.tokens",
    )
    encode.add_argument("file", metavar="FILE", type=Path, help="a score of any format that is read")
    encode.add_argument("--dataset", metavar="D", required=True, help="whose settings are used")
    encode.add_argument("--corpus", metavar="C", help="which corpus of the data set the file is read like")
    encode.add_argument("--names", action="store_true", help="names of the symbols instead of numbers")
    encode.set_defaults(command=_encode)
    decode = commands.add_parser(
        "decode",
        help="turn lines of tokens into a score, or draw them",
        description="Read lines of tokens (what `encode` prints; bare numbers will do) and write them as "
        "MIDI or MusicXML, in the key of the score; without --out draw them as text. Of several "
        "pieces each has a file of its own, numbered.",
        epilog="example: python -m pipeline decode tune.tokens --out tune.mid",
    )
    decode.add_argument("file", metavar="TOKENS-FILE", help="a text file, or - for the standard input")
    decode.add_argument("--out", metavar="FILE", type=Path, help="a .mid or .musicxml file")
    decode.add_argument("--voices", metavar="V", type=int, default=1, help="where the file does not say it")
    decode.add_argument(
        "--steps-per-quarter", metavar="N", type=int, default=4, help="where the file does not say it"
    )
    decode.add_argument("--transposed", action="store_true", help="leave the notes in the key of the tokens")
    decode.add_argument("--lenient", action="store_true", help="mend what the grammar forbids, and count it")
    decode.set_defaults(command=_decode)


def _encode(asked: argparse.Namespace) -> None:
    made = encode_file(asked.file, asked.dataset, asked.corpus)
    say(f"read like corpus '{made.corpus}' of data set '{asked.dataset}'")
    for verdict, rejections in (
        ("rejected", made.rejections),
        ("the filters would reject it", made.filtered),
    ):
        for broken in rejections:
            numbers = "" if broken.value is None else f" (found {broken.value:g}, limit {broken.limit:g})"
            detail = f": {broken.detail}" if broken.detail else ""
            say(f"{broken.piece_id}: {verdict}: {broken.rule}{numbers}{detail}")
    for row in made.rows.to_pylist():
        print(names_of(row["tokens"]) + "\n" if asked.names else write_row(row), end="")
    if not made.rows.num_rows:
        raise FileError(f"{asked.file}: none of its pieces can be encoded")


def _decode(asked: argparse.Namespace) -> None:
    lines = read_lines(
        _text(asked.file), {"voices": asked.voices, "steps_per_quarter": asked.steps_per_quarter}
    )
    for number, line in enumerate(lines, start=1):
        grid, repairs = line.grid(asked.lenient)
        if repairs.total:
            told = ", ".join(f"{name} {count}" for name, count in vars(repairs).items() if count)
            say(f"line {line.number}: {repairs.total} repairs: {told}")
        if not asked.transposed:
            grid = in_score_key(grid, line.heading)
        if asked.out is None:
            print(draw(grid, _bars(line, grid.n_steps), shutil.get_terminal_size((WIDTH, 0)).columns))
            continue
        several = f"-{number}" if len(lines) > 1 else ""
        path = asked.out.with_name(f"{asked.out.stem}{several}{asked.out.suffix}")
        score = as_score(grid, line.layout(), asked.out.suffix)
        with replacing(path) as partial:
            partial.write_bytes(score)
        say(f"{path} written")


def _bars(line: Line, n_steps: int) -> list[int] | None:
    layout = line.layout()
    if not layout.steps_per_bar and not layout.bar_lines:
        return None
    upbeat = layout.upbeat(n_steps)
    first = [layout.bar - upbeat + step for step in range(upbeat)]
    later = pairwise(layout.bars(n_steps)[upbeat > 0 :])
    return [*first, *(step - begin for begin, end in later for step in range(begin, end))]


def _text(name: str) -> str:
    try:
        if name == STANDARD_INPUT:
            return sys.stdin.read()
        if not Path(name).is_file() and Path(name).exists():
            raise FileError(f"{name}: not a regular file; to read from a pipe write - for its name")
        return Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise FileError(f"{name}: cannot be opened: {error.strerror}") from None
    except UnicodeDecodeError:
        raise FileError(f"{name}: no text in UTF-8; lines of tokens are expected") from None
