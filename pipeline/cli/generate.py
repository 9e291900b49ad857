"""``generate``: a trained model goes on from a prompt."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.core.files import replacing
from pipeline.decoding.defaults import REPETITION_NATS, TEMPERATURE, TOP_P
from pipeline.decoding.sampling import Sampling
from pipeline.decoding.voice_leading.rules import LEVELS
from pipeline.formats.writers.layout import Layout
from pipeline.tools.inspection.piano_roll import WIDTH, draw
from pipeline.tools.inspection.token_text import as_score
from pipeline.workflow.progress import say

if TYPE_CHECKING:
    from pipeline.tools.inference.generate import Generated


def add_commands(commands: Any) -> None:
    """Add the command to the parser's."""
    parser = commands.add_parser(
        "generate",
        help="continue a melody by a trained model",
        description="Read a prompt of any format by the quantizing and key settings of the experiment's data "
        "set, let the model go on from it, and write both in the key of the prompt: as MIDI, MusicXML or "
        "sound by the suffix of --out, else drawn as text.",
        epilog='example: python -m pipeline generate --experiment melodies --prompt "tinyNotation: 4/4 c4 d '
        'e f g2 g" --temperature 0.8 --out tune.mid',
    )
    parser.add_argument("--experiment", metavar="E", required=True, help="a trained experiment")
    parser.add_argument(
        "--prompt", metavar="FILE", required=True, help='a score, or "tinyNotation: 4/4 c4 d e f g2 g"'
    )
    parser.add_argument("--piece", metavar="P", help="which piece of a file of many: its name or number")
    parser.add_argument(
        "--temperature", metavar="T", type=float, default=TEMPERATURE, help="0: greedy decoding"
    )
    parser.add_argument("--top-k", metavar="K", type=int, default=0, help="draw from the K likeliest symbols")
    parser.add_argument(
        "--top-p",
        metavar="P",
        type=float,
        default=TOP_P,
        help="sample from the most probable symbols that reach this share",
    )
    parser.add_argument(
        "--repetition-nats",
        metavar="R",
        type=float,
        default=REPETITION_NATS,
        help="cost of continuing a repeated bar, against loops; 0: none",
    )
    parser.add_argument(
        "--voice-leading",
        metavar="L",
        choices=LEVELS,
        default="default",
        help="voice-leading costs of several voices: off, default or strict",
    )
    parser.add_argument("--beam", metavar="W", type=int, default=0, help="search for the likeliest; no draws")
    parser.add_argument("--quarters", metavar="N", type=int, help="most quarter notes to say")
    parser.add_argument("--seed", metavar="S", type=int, default=1, help="of the draws")
    parser.add_argument("--count", metavar="N", type=int, default=1, help="how many continuations")
    parser.add_argument("--out", metavar="FILE", type=Path, help="a .mid, .musicxml or .wav file")
    parser.set_defaults(command=_generate)


def _generate(asked: argparse.Namespace) -> None:
    from pipeline.tools.inference.generate import Way, generate  # imports torch: not for the other commands

    sampling = Sampling(asked.temperature, asked.top_k, asked.top_p)
    way = Way(
        sampling,
        asked.beam,
        asked.quarters,
        asked.seed,
        asked.count,
        asked.repetition_nats,
        asked.voice_leading,
    )
    for number, made in enumerate(generate(asked.experiment, asked.prompt, way, asked.piece), start=1):
        begins = made.layout.mark or made.grid.n_steps
        ends = "ends itself" if made.complete else "was cut at the limit"
        say(f"{begins} steps of prompt, {made.grid.n_steps - begins} steps after it; it {ends}")
        put_out(made, asked.out, number, asked.count)


def put_out(made: Generated, out: Path | None, number: int, count: int) -> None:
    """Write what was made, or draw it where there is no file to write.

    Args:
        number: of this one, from 1.
        count: how many there are; several are numbered in their files' names.
    """
    if out is None:
        print(draw(made.grid, _bars(made.layout, made.grid.n_steps), _columns()))
        return
    path = out.with_name(f"{out.stem}-{number}{out.suffix}") if count > 1 else out
    score = as_score(made.grid, made.layout, path.suffix)
    with replacing(path) as partial:
        partial.write_bytes(score)
    say(f"{path} written")


def _bars(layout: Layout, n_steps: int) -> list[int] | None:
    length = layout.steps_per_bar
    return [(step - layout.first_bar) % length for step in range(n_steps)] if length else None


def _columns() -> int:
    return shutil.get_terminal_size((WIDTH, 0)).columns
