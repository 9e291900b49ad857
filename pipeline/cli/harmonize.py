"""``harmonize``: a trained model says the voices that a score lacks."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from pipeline.cli.generate import put_out
from pipeline.decoding.sampling import Sampling
from pipeline.decoding.voice_leading.rules import LEVELS
from pipeline.workflow.progress import say


def add_commands(commands: Any) -> None:
    """Add the command to the parser's."""
    parser = commands.add_parser(
        "harmonize",
        help="say the voices that a score lacks by a trained model",
        description="Read a melody, or several voices, of any format and in any key by the quantizing and "
        "key settings of the harmonizer's data set, let the model say the other voices, and write all of "
        "them in the key of the score: as MIDI, MusicXML or sound by the suffix of --out, else drawn as "
        "text.",
        epilog="example: python -m pipeline harmonize melody.musicxml --out chorale.musicxml",
    )
    parser.add_argument("score", metavar="FILE", help='a score, or "tinyNotation: 4/4 c4 d e f g2 g"')
    parser.add_argument(
        "--given",
        metavar="V",
        type=int,
        nargs="+",
        default=[0],
        help="the voices that the score holds, 0 is the top one; several are found by their names",
    )
    parser.add_argument("--experiment", metavar="E", help="a trained experiment whose task is harmonize")
    parser.add_argument("--piece", metavar="P", help="which piece of a file of many: its name or number")
    parser.add_argument(
        "--temperature", metavar="T", type=float, default=0.0, help="of samples; 0: the most probable harmony"
    )
    parser.add_argument("--top-p", metavar="P", type=float, default=1.0, help="draw from the likeliest")
    parser.add_argument(
        "--voice-leading",
        metavar="L",
        choices=LEVELS,
        default="default",
        help="costs of parallels, crossings, ranges and other rules: off, default or strict",
    )
    parser.add_argument(
        "--beam",
        metavar="W",
        type=int,
        default=4,
        help="width of the beam search at temperature 0; 1: greedy",
    )
    parser.add_argument(
        "--passes",
        metavar="N",
        type=int,
        default=0,
        help="then decode each voice anew N times, given all others",
    )
    parser.add_argument("--seed", metavar="S", type=int, default=1, help="of the draws")
    parser.add_argument("--count", metavar="N", type=int, default=1, help="how many harmonies")
    parser.add_argument("--out", metavar="FILE", type=Path, help="a .mid, .musicxml or .wav file")
    parser.set_defaults(command=_harmonize)


def _harmonize(asked: argparse.Namespace) -> None:
    from pipeline.tools.inference.harmonize import (
        harmonize_score,  # imports torch: not for the other commands
    )

    sampling = Sampling(asked.temperature, top_p=asked.top_p)
    harmonies = harmonize_score(
        asked.score,
        asked.given,
        asked.experiment,
        sampling,
        asked.seed,
        asked.count,
        asked.piece,
        voice_leading=asked.voice_leading,
        beam=asked.beam,
        passes=asked.passes,
    )
    for number, made in enumerate(harmonies, start=1):
        say(f"{made.grid.voices} voices, {made.grid.n_steps} steps")
        put_out(made, asked.out, number, asked.count)
