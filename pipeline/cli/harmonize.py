"""``harmonize``: predict the missing voices of a score with a trained model."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli.generate import (
    Count,
    Out,
    PieceName,
    Seed,
    Temperature,
    TopP,
    VoiceLeading,
    check_suffix,
    put_out,
    start_reading,
)
from pipeline.cli.usage import examples
from pipeline.core.text import counted

File = Annotated[
    str,
    typer.Argument(metavar="FILE", help='a score, or "tinyNotation: 4/4 c4 d e f g2 g"'),
]
Given = Annotated[
    list[int] | None,
    typer.Option(metavar="V ...", help="voices that the score contains, 0 = top; several are found by name"),
]
HarmonyBeam = Annotated[
    int, typer.Option(metavar="W", help="width of the beam search at temperature 0; 1: greedy")
]
Passes = Annotated[
    int, typer.Option(metavar="N", help="decode each voice again N times, given all others; 0: never")
]
Harmonizer = Annotated[str | None, typer.Option(metavar="E", help="a trained experiment of task harmonize")]


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    lines = (
        "harmonize melody.musicxml --out chorale.musicxml",
        "harmonize outer.musicxml --given 0 3 --out chorale.mid",
    )
    app.command("harmonize", epilog=examples(*lines))(harmonize)


def harmonize(
    file: File,
    given: Given = None,
    experiment: Harmonizer = None,
    piece: PieceName = None,
    temperature: Temperature = 0.0,
    top_p: TopP = 1.0,
    voice_leading: VoiceLeading = "default",
    beam: HarmonyBeam = 4,
    passes: Passes = 0,
    seed: Seed = 1,
    count: Count = 1,
    out: Out = None,
) -> None:
    """Predict missing voices with a trained model.

    Reads a melody, or several voices, of any format and in any key, and writes all voices in
    the key of the score.
    """
    start_reading()
    from pipeline.decoding.sampling import Sampling
    from pipeline.tools.inference.harmonize import harmonize_score
    from pipeline.workflow.progress import say

    check_suffix(out)
    sampling = Sampling(temperature, top_p=top_p)
    results = harmonize_score(
        file,
        given or [0],
        experiment,
        sampling,
        seed,
        count,
        piece,
        voice_leading=voice_leading,
        beam=beam,
        passes=passes,
    )
    for number, made in enumerate(results, start=1):
        say(f"{counted(made.grid.voices, 'voice')}, {counted(made.grid.n_steps, 'step')}")
        put_out(made, out, number, count)
