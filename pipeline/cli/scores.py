"""``encode`` and ``decode``: single files, outside DVC."""

from __future__ import annotations

import shutil
import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.usage import WIDTH, examples
from pipeline.core.text import counted

if TYPE_CHECKING:
    from pipeline.tools.inspection.token_text import Line

STANDARD_INPUT = "-"

ScoreFile = Annotated[Path, typer.Argument(metavar="FILE", help="a score of any supported format")]
ByDataset = Annotated[
    str, typer.Option(metavar="D", help="the data set whose settings are used", show_default=False)
]
LikeCorpus = Annotated[
    str | None, typer.Option(metavar="C", help="the corpus of the data set whose settings are used")
]
Names = Annotated[bool, typer.Option("--names", help="print names of tokens instead of numbers")]
TokensFile = Annotated[str, typer.Argument(metavar="TOKENS-FILE", help="a file, or - for standard input")]
OutScore = Annotated[Path | None, typer.Option(metavar="FILE", help=".mid, .musicxml or .wav")]
VoiceCount = Annotated[int, typer.Option(metavar="V", help="used where the file does not specify it")]
Resolution = Annotated[int, typer.Option(metavar="N", help="used where the file does not specify it")]
Transposed = Annotated[bool, typer.Option("--transposed", help="keep the notes in the key of the tokens")]
Lenient = Annotated[bool, typer.Option("--lenient", help="repair and count violations of the token grammar")]


def add_commands(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("encode", epilog=examples("encode tune.abc --dataset melodies > tune.tokens"))(encode)
    app.command("decode", epilog=examples("decode tune.tokens --out tune.mid"))(decode)


def encode(file: ScoreFile, dataset: ByDataset, corpus: LikeCorpus = None, names: Names = False) -> None:
    """Print the tokens of a score file.

    Reads a score by the quantization and key settings of a data set and prints one line of
    tokens per piece, after a line of metadata. Nothing is filtered: what the filters of the
    data set would reject is reported on stderr.
    """
    from pipeline.tools.inspection.encode_file import FileError, encode_file
    from pipeline.tools.inspection.token_names import names_of
    from pipeline.tools.inspection.token_text import write_row
    from pipeline.workflow.progress import say

    made = encode_file(file, dataset, corpus)
    say(f"read like corpus '{made.corpus}' of data set '{dataset}'")
    for verdict, rejections in (
        ("rejected", made.rejections),
        ("the filters would reject it", made.filtered),
    ):
        for broken in rejections:
            numbers = "" if broken.value is None else f" (found {broken.value:g}, limit {broken.limit:g})"
            detail = f": {broken.detail}" if broken.detail else ""
            say(f"{broken.piece_id}: {verdict}: {broken.rule}{numbers}{detail}")
    for row in made.rows.to_pylist():
        print(names_of(row["tokens"]) + "\n" if names else write_row(row), end="")
    if not made.rows.num_rows:
        raise FileError(f"{file}: none of its pieces can be encoded")


def decode(
    tokens_file: TokensFile,
    out: OutScore = None,
    voices: VoiceCount = 1,
    steps_per_quarter: Resolution = 4,
    transposed: Transposed = False,
    lenient: Lenient = False,
) -> None:
    """Turn lines of tokens into a score, or draw them.

    Reads lines of tokens (what `encode` prints; bare numbers are accepted) and writes them in
    the key of the score; without --out, draws them as text. Several pieces give several
    numbered files.
    """
    from pipeline.core.files import replacing
    from pipeline.tools.inspection.piano_roll import draw
    from pipeline.tools.inspection.token_text import as_score, in_score_key, read_lines, writer_of
    from pipeline.workflow.progress import say

    if out is not None:
        writer_of(out.suffix)
    lines = read_lines(_text(tokens_file), {"voices": voices, "steps_per_quarter": steps_per_quarter})
    for number, line in enumerate(lines, start=1):
        grid, repairs = line.grid(lenient)
        if repairs.total:
            counts = ", ".join(f"{name} {count}" for name, count in vars(repairs).items() if count)
            say(f"line {line.number}: {counted(repairs.total, 'repair')}: {counts}")
        if not transposed:
            grid = in_score_key(grid, line.heading)
        if out is None:
            print(draw(grid, _bars(line, grid.n_steps), shutil.get_terminal_size((WIDTH, 0)).columns))
            continue
        several = f"-{number}" if len(lines) > 1 else ""
        path = out.with_name(f"{out.stem}{several}{out.suffix}")
        score = as_score(grid, line.layout(), out.suffix)
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
    from pipeline.tools.inspection.encode_file import FileError

    try:
        if name == STANDARD_INPUT:
            return sys.stdin.read()
        if not Path(name).is_file() and Path(name).exists():
            raise FileError(f"{name}: not a regular file; to read from a pipe, write - as its name")
        return Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise FileError(f"{name}: cannot be opened: {error.strerror}") from None
    except UnicodeDecodeError:
        raise FileError(f"{name}: not UTF-8 text; lines of tokens are expected") from None
