"""``generate``: continue a score with a trained model."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pipeline.cli.usage import WIDTH, examples
from pipeline.core.text import counted
from pipeline.decoding.defaults import REPETITION_NATS, TEMPERATURE, TOP_P

if TYPE_CHECKING:
    from pipeline.formats.writers.layout import Layout
    from pipeline.tools.inference.generate import Generated

Experiment = Annotated[str, typer.Option(metavar="E", help="a trained experiment whose task is continue")]
Prompt = Annotated[str, typer.Option(metavar="FILE", help='a score, or "tinyNotation: 4/4 c4 d e f g2 g"')]
PieceName = Annotated[
    str | None, typer.Option(metavar="P", help="a piece of a file of several: number, title or piece_id")
]
Temperature = Annotated[float, typer.Option(metavar="T", help="sampling temperature; 0: greedy decoding")]
TopK = Annotated[int, typer.Option(metavar="K", help="sample from the K most probable tokens; 0: all")]
TopP = Annotated[float, typer.Option(metavar="P", help="sample from the most probable tokens up to P")]
Repetition = Annotated[
    float, typer.Option(metavar="R", help="nats of penalty for continuing a repeated bar; 0: none")
]
VoiceLeading = Annotated[
    Literal["off", "default", "strict"],
    typer.Option(
        metavar="L", help="costs of parallels and other faults of several voices: off, default or strict"
    ),
]
Beam = Annotated[int, typer.Option(metavar="W", help="beam search of this width, no sampling")]
Quarters = Annotated[
    int | None,
    typer.Option(
        metavar="N", help="limit in quarter notes; default: as many as the prompt (at least 16) or the chords"
    ),
]
Chords = Annotated[
    str | None,
    typer.Option(
        metavar="C",
        help='chords of the continuation, one per bar: "Am F C G7"; with beats: "Am:2 F:2"',
    ),
]
Seed = Annotated[int, typer.Option(metavar="S", help="of sampling")]
Count = Annotated[int, typer.Option(metavar="N", help="number of results; files are numbered")]
Out = Annotated[Path | None, typer.Option(metavar="FILE", help=".mid, .musicxml or .wav; default: text")]


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    lines = (
        "generate --experiment melodies --prompt tune.abc --out tune.mid",
        'generate --experiment melodies --prompt "tinyNotation: 4/4 c4 d e f g2 g"',
        'generate --experiment songs --prompt tune.abc --chords "Am F C G7" --out tune.musicxml',
    )
    app.command("generate", epilog=examples(*lines))(generate)


def generate(
    experiment: Experiment,
    prompt: Prompt,
    piece: PieceName = None,
    temperature: Temperature = TEMPERATURE,
    top_k: TopK = 0,
    top_p: TopP = TOP_P,
    repetition_nats: Repetition = REPETITION_NATS,
    voice_leading: VoiceLeading = "default",
    beam: Beam = 0,
    quarters: Quarters = None,
    seed: Seed = 1,
    count: Count = 1,
    chords: Chords = None,
    out: Out = None,
) -> None:
    """Continue a melody with a trained model.

    Reads a prompt of any format by the settings of the experiment's data set and writes
    prompt and continuation in the key of the prompt.
    """
    start_reading()
    from pipeline.decoding.sampling import Sampling
    from pipeline.tools.inference.generate import Way
    from pipeline.tools.inference.generate import generate as continue_prompt
    from pipeline.workflow.progress import say

    check_suffix(out)
    sampling = Sampling(temperature, top_k, top_p)
    way = Way(sampling, beam, quarters, seed, count, repetition_nats, voice_leading, chords)
    for number, made in enumerate(continue_prompt(experiment, prompt, way, piece), start=1):
        begins = made.layout.mark or made.grid.n_steps
        ends = "the model ended the piece" if made.complete else "stopped at the limit (--quarters)"
        continued = counted(made.grid.n_steps - begins, "step")
        say(f"{counted(begins, 'step')} of prompt, {continued} generated; {ends}")
        put_out(
            replace(made, layout=replace(made.layout, play_chords=chords is not None)), out, number, count
        )


def start_reading() -> None:
    """Start the process that reads the prompt: it takes half a second, in which torch is imported."""
    from pipeline.corpora.parsing.children import start_server
    from pipeline.corpora.parsing.splitting import IMPORTS
    from pipeline.workflow.imports import without_pandas

    start_server(IMPORTS)
    without_pandas()


def check_suffix(out: Path | None) -> None:
    """Refuse a format that cannot be written before any work is done.

    Raises:
        TokenTextError: no such format.
    """
    from pipeline.tools.inspection.token_text import writer_of

    if out is not None:
        writer_of(out.suffix)


def put_out(made: Generated, out: Path | None, number: int, count: int) -> None:
    """Write a result to a file, or print a piano roll if there is no file.

    Args:
        number: of this result, from 1.
        count: number of results; several get numbered file names.
    """
    from pipeline.core.files import replacing
    from pipeline.tools.inspection.piano_roll import draw
    from pipeline.tools.inspection.token_text import as_score
    from pipeline.workflow.progress import say

    if out is None:
        width = shutil.get_terminal_size((WIDTH, 0)).columns
        bars, chords = _bars(made.layout, made.grid.n_steps), _chords(made.layout, made.grid.n_steps)
        print(draw(made.grid, bars, width, chords=chords))
        return
    path = out.with_name(f"{out.stem}-{number}{out.suffix}") if count > 1 else out
    score = as_score(made.grid, made.layout, path.suffix)
    with replacing(path) as partial:
        partial.write_bytes(score)
    say(f"{path} written")


def _bars(layout: Layout, n_steps: int) -> list[int] | None:
    length = layout.steps_per_bar
    return [(step - layout.first_bar) % length for step in range(n_steps)] if length else None


def _chords(layout: Layout, n_steps: int) -> list[str | None]:
    found: list[str | None] = [None] * n_steps
    for step, chord in layout.chords:
        found[step:] = [chord] * (n_steps - step)
    return found
