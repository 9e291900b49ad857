"""Trained models: continue a score, or predict its missing voices."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.api.data import project_root
from pipeline.api.grids import ScoreGrid
from pipeline.api.reading import read
from pipeline.api.scores import Score
from pipeline.core.settings import PARAMS_FILE, load_yaml, lookup, parse_section
from pipeline.datasets.encoding.encode import DEFAULT, EncodeSettings
from pipeline.datasets.quantize import QuantizeSettings
from pipeline.decoding.defaults import REPETITION_NATS, TEMPERATURE, TOP_P
from pipeline.decoding.sampling import Sampling
from pipeline.decoding.voice_leading.rules import Level
from pipeline.errors import PipelineError, nearest
from pipeline.models.base.devices import choose_device
from pipeline.models.base.interface import Seq2Seq
from pipeline.models.base.pretrained import CONFIG, Run, load_run
from pipeline.tools.inference.generate import RUNS, Generated, Way, continue_row
from pipeline.tools.inference.harmonize import HARMONY_BEAM, given_voices, harmonize_row
from pipeline.tools.inference.prompt import PromptError
from pipeline.tools.inspection.encode_file import encode_notes

RECIPE = "recipe.json"  # how the data set of an exported model quantizes and transposes


class ModelFolderError(PipelineError):
    """A folder with a model does not contain the settings of its data set."""


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """Trained weights and the settings of their data set.

    Attributes:
        name: name of the experiment.
        network: the torch module.
        run: metadata of the training run.
        quantize, encode: the sections of the data set; prompts are processed with them.
    """

    name: str
    network: Seq2Seq
    run: Run
    quantize: QuantizeSettings
    encode: EncodeSettings

    def generate(
        self,
        score: Score | ScoreGrid | str | Path,
        *,
        quarters: int | None = None,
        temperature: float = TEMPERATURE,
        top_k: int = 0,
        top_p: float = TOP_P,
        repetition_nats: float = REPETITION_NATS,
        voice_leading: Level = "default",
        beam: int = 0,
        seed: int = 1,
        chords: str | Sequence[str] | None = None,
    ) -> ScoreGrid:
        """Continue a score; the result starts with the score itself, in its own key.

        Args:
            score: a score, a grid, a file, or a text that begins with ``tinyNotation:``.
            quarters: at most so many quarter notes; None: as many as the score has, at least 16.
            temperature: sampling temperature; 0: greedy decoding.
            top_k: sample from the k most probable tokens; 0: from all.
            top_p: sample from the most probable tokens that together reach this probability.
            repetition_nats: cost of continuing a repeated bar; 0: none.
            voice_leading: level of the voice-leading costs of several voices: off, default or strict.
            beam: width of a beam search instead of sampling; 0: none.
            seed: random seed of sampling.
            chords: chord changes of the continuation, for a model with chords: one chord per bar,
                ``"Am F C G7"``, or with beats, ``"Am:2 F:2"``. Without ``quarters`` the continuation is as
                long as the changes; in a longer one they are repeated.

        Raises:
            PromptError: the score cannot be used as a prompt, an entry is no chord symbol, chords are
                given for a model without chords, or none for a model with chords.
        """
        sampling = Sampling(temperature, top_k, top_p)
        way = Way(sampling, beam, quarters, seed, 1, repetition_nats, voice_leading, chords)
        (made,) = continue_row(self.network, self._row(score), way)
        return self._result(made)

    def harmonize(
        self,
        score: Score | ScoreGrid | str | Path,
        given: Sequence[int] = (0,),
        *,
        temperature: float = 0.0,
        top_p: float = 1.0,
        voice_leading: Level = "default",
        beam: int = HARMONY_BEAM,
        seed: int = 1,
    ) -> ScoreGrid:
        """Predict the missing voices of a score; the given voices do not change.

        Args:
            score: as in :meth:`generate`.
            given: the voices of the data set that the score contains, 0 = top.
            temperature: sampling temperature; 0: beam search.
            top_p, voice_leading: see :meth:`generate`.
            beam: width of the beam search; 1: greedy decoding.
            seed: random seed of sampling.

        Raises:
            PromptError: the score cannot be used, or there are no such voices.
        """
        chosen = given_voices(given, self.quantize.voices, self.run.dataset)
        row, sampling = self._row(score, chosen), Sampling(temperature, top_p=top_p)
        (made,) = harmonize_row(
            self.network, row, chosen, self.quantize.voices, sampling, seed, 1, voice_leading, beam
        )
        return self._result(made)

    def _row(
        self, score: Score | ScoreGrid | str | Path, voices: Sequence[int] | None = None
    ) -> dict[str, Any]:
        if isinstance(score, ScoreGrid):
            score = _as_score(score)
        elif not isinstance(score, Score):
            score = read(score)
        encoded, rejections = encode_notes(score.table, self.quantize, self.encode, True, voices)
        rows: list[dict[str, Any]] = encoded.rows.to_pylist()
        if len(rows) != 1:
            reasons = "; ".join(f"{r.rule} ({r.detail})" if r.detail else r.rule for r in rejections)
            raise PromptError(
                f"{score.name}: cannot be used as a prompt: {reasons or f'{len(rows)} phrases'}"
            )
        return rows[0]

    def _result(self, made: Generated) -> ScoreGrid:
        return ScoreGrid(self.name, made.grid, made.layout)

    def __repr__(self) -> str:
        kind = self.run.model.model_dump()["kind"]
        return f"TrainedModel({self.name!r}, {kind}, trained on {self.run.dataset!r})"


def load_model(name: str | Path, root: str | Path | None = None) -> TrainedModel:
    """Load a trained model, ready to generate.

    Args:
        name: under ``experiments`` in params.yaml, or a folder that ``entchen export-hub`` wrote.
        root: the project; None: the nearest folder above that has a params.yaml.

    Raises:
        PromptError: no such experiment.
        CheckpointError: the experiment has not been trained, or its files are damaged.
    """
    folder = Path(name)
    if (folder / CONFIG).exists():
        sections, source = _recipe(folder / RECIPE), str(folder / RECIPE)
    else:
        project = project_root(root)
        params = load_yaml(project / PARAMS_FILE)
        experiments = lookup(params, "experiments")
        if str(name) not in experiments:
            raise PromptError(f"there is no experiment '{name}'; {nearest(str(name), experiments)}")
        dataset = lookup(experiments, str(name), "dataset")
        sections, source = lookup(params, "datasets", dataset), f"datasets.{dataset}"
        folder = project / RUNS / str(name)
    network, run = load_run(folder)
    quantize = parse_section(QuantizeSettings, lookup(sections, "quantize"), f"{source}: quantize")
    encode = parse_section(EncodeSettings, lookup(sections, "encode"), f"{source}: encode")
    return TrainedModel(
        folder.name,
        network.to(choose_device("auto")),
        run,
        quantize.model_copy(update={"parts": _for_any_score(quantize.parts)}),
        encode.model_copy(update={"key": _for_any_score(encode.key)}),
    )


def _for_any_score(by_corpus: Mapping[str, Any]) -> dict[str, Any]:
    """The entry used for scores outside all corpora: the default, else the first one."""
    return {DEFAULT: by_corpus.get(DEFAULT, next(iter(by_corpus.values())))}


def _recipe(path: Path) -> Mapping[str, Any]:
    try:
        sections: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise ModelFolderError(
            f"{path}: missing or damaged; a model outside its project needs this file, which "
            "`entchen export-hub` writes"
        ) from None
    return sections


def _as_score(grid: ScoreGrid) -> Score:
    """The exact notes of a grid, by way of MusicXML."""
    with tempfile.TemporaryDirectory() as folder:
        path = grid.save(Path(folder) / "grid.musicxml")
        return replace(read(path), name=grid.name)
