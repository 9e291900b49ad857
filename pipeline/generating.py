"""A trained model goes on from a prompt: any score, read and written in its own key.

The prompt is read, quantized and transposed as the experiment's data set does it; where
it has no part of the name that is asked for, by its top part, and where its source
names no key, by the key that its notes suggest. All of it is the source, and what the
model says comes after its last step.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import vocabulary
from pipeline.decoding import Continuation, continue_melodies, search
from pipeline.errors import PipelineError, nearest
from pipeline.examples import Bars, Example, note_onsets
from pipeline.inspecting.single_files import EncodedFile, encode_file
from pipeline.music import Grid
from pipeline.sampling import GREEDY, Sampling
from pipeline.scores.layout import Layout, layout_of, transposed
from pipeline.settings import PARAMS_FILE, load_yaml
from pipeline.training.devices import choose_device
from pipeline.training.runs import load_run
from pipeline.vocabulary import START, STOP

LEAST_QUARTERS = 16  # that a model may say after a short prompt
INLINE = "tinynotation:"  # how a prompt begins that is no file
RUNS = Path("data/runs")


class PromptError(PipelineError):
    """A prompt that gives a model nothing to go on from, or an experiment that does not exist."""


@dataclass(frozen=True)
class Way:
    """How a model goes on.

    Attributes:
        sampling: how symbols are chosen.
        beam: continuations that a beam search keeps; 0 draws instead.
        quarters: most quarter notes to say; None: as many as the prompt has, at least LEAST_QUARTERS.
        seed: of the draws.
        count: how many continuations; a beam search and a temperature of 0 give one.
    """

    sampling: Sampling
    beam: int = 0
    quarters: int | None = None
    seed: int = 1
    count: int = 1

    def __post_init__(self) -> None:
        if self.beam < 0 or self.count < 1 or (self.quarters is not None and self.quarters < 1):
            raise PromptError("beam is 0 or more, count and quarters are 1 or more")
        if self.count > 1 and (self.beam or self.sampling == GREEDY):
            raise PromptError(f"{self.count} continuations: only draws differ; leave out --beam, or --count")


@dataclass(frozen=True)
class Generated:
    """A prompt and what came after it, in the key of the prompt.

    Attributes:
        grid: both together.
        layout: how it is written as a score, with a mark where the model begins.
        complete: the model itself came to an end.
    """

    grid: Grid
    layout: Layout
    complete: bool


def generate(
    experiment: str, prompt: str, way: Way, piece: str | None = None, root: Path = Path()
) -> list[Generated]:
    """Continue a prompt by a trained experiment.

    Args:
        experiment: under ``experiments`` or ``finetunes`` in params.yaml, trained.
        prompt: a score's path, or ``tinyNotation: 4/4 c4 d e f g2 g``.
        piece: which piece of a file of many.
        root: the folder of the project.

    Raises:
        PromptError: no such experiment or piece, or a prompt that cannot be read.
        CheckpointError: the experiment has not been trained, or its files are damaged.
    """
    row = read_prompt(prompt, dataset_of(experiment, root), piece, root)
    model, _ = load_run(root / RUNS / experiment)
    model = model.to(choose_device("auto"))
    example = source_of(row)
    max_steps = _steps(way, example, row["steps_per_quarter"])
    if way.beam:
        said = [search(model, example, max_steps, way.beam)]
    else:
        said = continue_melodies(model, [example] * way.count, max_steps, way.sampling, way.seed)
    return [_joined(row, example, continuation) for continuation in said]


def dataset_of(experiment: str, root: Path = Path()) -> str:
    """The data set that an experiment was trained on.

    Raises:
        PromptError: no such experiment.
    """
    params = load_yaml(root / PARAMS_FILE)
    known = {**params["experiments"], **params["finetunes"]}
    if experiment not in known:
        raise PromptError(f"there is no experiment '{experiment}'; {nearest(experiment, known)}")
    return str(known[experiment]["dataset"])


def read_prompt(
    prompt: str,
    dataset: str,
    piece: str | None = None,
    root: Path = Path(),
    voices: Sequence[int] | None = None,
) -> dict[str, Any]:
    """The prompt as a row of ``tables.TOKENS``.

    Args:
        voices: those of the data set's that the prompt holds; None: all of them.

    Raises:
        PromptError: no piece of it can be read, or several can and none is named.
    """
    if not prompt.lower().startswith(INLINE):
        encoded = encode_file(Path(prompt), dataset, root=root, as_prompt=True, voices=voices)
        return _only_piece(encoded, prompt, piece)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "prompt.tinynotation"
        file.write_text(prompt, encoding="utf-8")
        encoded = encode_file(file, dataset, root=root, as_prompt=True, voices=voices)
        return _only_piece(encoded, "the prompt", piece)


def source_of(row: Mapping[str, Any]) -> Example:
    """The whole of a row as a source, with nothing to say yet.

    Raises:
        PromptError: its top voice holds no note.
    """
    tokens = np.asarray(row["tokens"], np.uint16)
    if not len(note_onsets(tokens, row["voices"])):
        raise PromptError(f"{row['piece_id']}: a prompt needs a note in its top voice")
    return Example(tokens[1:-1], np.array([STOP], np.uint16), row["voices"], bars_of(row))


def bars_of(row: Mapping[str, Any]) -> Bars | None:
    """Where the steps of a row of ``tables.TOKENS`` stand; None where unknown."""
    if row["steps_per_bar"] and row["step_in_bar"]:
        return Bars(row["steps_per_bar"], np.array(row["step_in_bar"], np.int16))
    return None


def _only_piece(encoded: EncodedFile, name: str, piece: str | None) -> dict[str, Any]:
    rows: dict[str, dict[str, Any]] = {row["piece_id"]: row for row in encoded.rows.to_pylist()}
    if piece is not None:
        chosen = [row for piece_id, row in rows.items() if piece in (piece_id, piece_id.rpartition("#")[2])]
        if len(chosen) != 1:
            raise PromptError(f"{name} holds no piece '{piece}'; {nearest(piece, rows)}")
        return chosen[0]
    if not rows:
        reasons = "; ".join(f"{r.rule} ({r.detail})" if r.detail else r.rule for r in encoded.rejections)
        raise PromptError(f"{name}: nothing in it can be read as a prompt: {reasons}")
    if len(rows) > 1:
        raise PromptError(f"{name} holds {len(rows)} pieces: choose one by --piece, {_some(list(rows))}")
    return next(iter(rows.values()))


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")


def _steps(way: Way, example: Example, steps_per_quarter: int) -> int:
    if way.quarters is not None:
        return way.quarters * steps_per_quarter
    return max(len(example.source) // example.voices, LEAST_QUARTERS * steps_per_quarter)


def _joined(row: Mapping[str, Any], example: Example, said: Continuation) -> Generated:
    symbols = said.tokens[said.tokens != STOP]
    whole = [START, *example.source.tolist(), *symbols.tolist(), STOP]
    grid = transposed(vocabulary.decode(whole, example.voices), -(row["transposition"] or 0))
    layout = layout_of(row, mark=len(example.source) // example.voices if len(symbols) else None)
    return Generated(grid, layout, said.complete)
