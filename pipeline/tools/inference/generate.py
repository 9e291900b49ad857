"""Continue a prompt with a trained model: any score, in its own key.

The prompt is read, quantized and transposed with the settings of the experiment's data set;
if it has no part of the expected name, its top part is used, and if its source
has no key, the key is estimated from the notes. The whole prompt is the source; the
generated steps follow its last step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core import vocabulary
from pipeline.core.chords import transpose
from pipeline.core.music import Grid
from pipeline.core.settings import MAX_SEED
from pipeline.core.vocabulary import START, STOP
from pipeline.decoding.beam_search import search
from pipeline.decoding.continuation import Continuation, continue_melodies
from pipeline.decoding.sampling import GREEDY, Sampling
from pipeline.decoding.voice_leading.guidance import Guidance
from pipeline.decoding.voice_leading.keys import key_of
from pipeline.decoding.voice_leading.rules import Level
from pipeline.formats.writers.layout import Layout, layout_of, transposed
from pipeline.models.base.chord_numbers import numbers_of
from pipeline.models.base.devices import choose_device
from pipeline.models.base.examples import Example
from pipeline.models.base.interface import Seq2Seq
from pipeline.models.base.pretrained import load_run
from pipeline.tools.inference.changes import chords_of_steps, parse_changes, with_chords
from pipeline.tools.inference.prompt import PromptError, dataset_of, read_prompt, source_of
from pipeline.tools.inference.threads import one_thread

MAX_BEAM, MAX_COUNT, MAX_QUARTERS = 256, 1000, 4096
MAX_NATS = 100
LEAST_QUARTERS = 16  # of the continuation of a short prompt
RUNS = Path("data/runs")


@dataclass(frozen=True)
class Way:
    """Settings of a continuation.

    Attributes:
        sampling: how tokens are chosen.
        beam: width of a beam search; 0 samples instead.
        quarters: maximum length in quarter notes; None: the length of the prompt, at least LEAST_QUARTERS.
        seed: random seed of sampling.
        count: number of continuations; a beam search and a temperature of 0 give one.
        repetition_nats: penalty for continuing a repeated passage; not used by a beam search.
        voice_leading: level of the voice-leading costs, for several voices.
        chords: chord changes of the continuation, for a model with chords; see
            :mod:`pipeline.tools.inference.changes`.
    """

    sampling: Sampling
    beam: int = 0
    quarters: int | None = None
    seed: int = 1
    count: int = 1
    repetition_nats: float = 0.0
    voice_leading: Level = "default"
    chords: str | Sequence[str] | None = None

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("beam", self.beam, 0, MAX_BEAM),
            ("count", self.count, 1, MAX_COUNT),
            ("quarters", 1 if self.quarters is None else self.quarters, 1, MAX_QUARTERS),
            ("seed", self.seed, 0, MAX_SEED),
            ("repetition_nats", self.repetition_nats, 0, MAX_NATS),
        ):
            if not low <= value <= high:
                raise PromptError(f"{name} {value}: allowed are {low} to {high:,}")
        if self.count > 1 and (self.beam or self.sampling == GREEDY):
            raise PromptError(f"{self.count} continuations: only samples differ; omit --beam or --count")
        if self.chords is not None:
            parse_changes(self.chords)


@dataclass(frozen=True)
class Generated:
    """A prompt and its continuation, in the key of the prompt.

    Attributes:
        grid: both together.
        layout: its layout as a score, with a mark at the start of the continuation.
        complete: the model generated STOP before the limit.
    """

    grid: Grid
    layout: Layout
    complete: bool


def generate(
    experiment: str, prompt: str, way: Way, piece: str | None = None, root: Path = Path()
) -> list[Generated]:
    """Continue a prompt with the model of a trained experiment.

    Args:
        experiment: under ``experiments`` in params.yaml, its task ``continue``, trained.
        prompt: a score's path, or ``tinyNotation: 4/4 c4 d e f g2 g``.
        piece: which piece of a file of many.
        root: the folder of the project.

    Raises:
        PromptError: no such experiment or piece, or a prompt that cannot be read.
        CheckpointError: the experiment has not been trained, or its files are damaged.
    """
    row = read_prompt(prompt, dataset_of(experiment, "continue", root), piece, root)
    model, _ = load_run(root / RUNS / experiment)
    return continue_row(model.to(choose_device("auto")), row, way)


@one_thread()
def continue_row(model: Seq2Seq, row: Mapping[str, Any], way: Way) -> list[Generated]:
    """Continue a row of ``schemas.TOKENS`` with a trained model.

    Raises:
        PromptError: the row has no note in its top voice, chords that do not fit it, chords for a
            model without chords, or none for a model with chords.
    """
    example = source_of(row)
    given = _given_chords(model, row, way)
    max_steps = len(given) if given else _steps(way, example, row["steps_per_quarter"])
    if given:
        example = replace(example, chords=_chord_numbers(row, given))
    keys = [key_of(row)] * way.count
    guidance = Guidance.at(way.voice_leading, keys) if example.voices > 1 else None
    if way.beam:
        continuations = [search(model, example, max_steps, way.beam, guidance)]
    else:
        continuations = continue_melodies(
            model,
            [example] * way.count,
            max_steps,
            way.sampling,
            way.seed,
            repetition_nats=way.repetition_nats,
            guidance=guidance,
        )
    return [_joined(row, example, continuation, given) for continuation in continuations]


def _given_chords(model: Seq2Seq, row: Mapping[str, Any], way: Way) -> list[str | None]:
    """The chord of each step of the continuation, in the key of the prompt; empty for a model without."""
    if way.chords is None:
        if model.uses_chords:
            raise PromptError(
                "the model is conditioned on chords (model.chords: true); give those of the continuation: "
                '--chords "Am F C G", or chords="Am F C G" in Python'
            )
        return []
    if not model.uses_chords:
        raise PromptError(
            "chords are given, but the model is not conditioned on chords; train an experiment with "
            "model.chords: true (docs/chords.md), or omit them"
        )
    n_steps = None if way.quarters is None else way.quarters * row["steps_per_quarter"]
    given = chords_of_steps(parse_changes(way.chords), row, n_steps)
    if len(given) > MAX_QUARTERS * row["steps_per_quarter"]:
        raise PromptError(
            f"chords: longer than {MAX_QUARTERS:,} quarter notes; give fewer, or set --quarters"
        )
    return given


def _chord_numbers(row: Mapping[str, Any], given: Sequence[str | None]) -> NDArray[np.int64]:
    """The chord numbers of a prompt and its continuation, in the key of the model."""
    moved = [None if chord is None else transpose(chord, row["transposition"] or 0) for chord in given]
    return numbers_of([*(row["chord"] or [None] * row["n_steps"]), *moved])


def _steps(way: Way, example: Example, steps_per_quarter: int) -> int:
    if way.quarters is not None:
        return way.quarters * steps_per_quarter
    return max(len(example.source) // example.voices, LEAST_QUARTERS * steps_per_quarter)


def _joined(
    row: Mapping[str, Any], example: Example, continuation: Continuation, chords: Sequence[str | None]
) -> Generated:
    tokens = continuation.tokens[continuation.tokens != STOP]
    whole = [START, *example.source.tolist(), *tokens.tolist(), STOP]
    grid = transposed(vocabulary.decode(whole, example.voices), -(row["transposition"] or 0))
    begin = len(example.source) // example.voices
    layout = layout_of(row, mark=begin if len(tokens) else None)
    layout = replace(layout, chords=with_chords(layout, chords[: grid.n_steps - begin], begin))
    return Generated(grid, layout, continuation.complete)
