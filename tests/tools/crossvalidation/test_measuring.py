"""Every piece is held out once, by a model that is not trained on its relatives."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pipeline.cli import main
from pipeline.core.schemas import TOKENS
from pipeline.evaluation.settings import ContinueEvaluation
from pipeline.tools.crossvalidation import measuring
from pipeline.tools.crossvalidation.cache import seal
from pipeline.tools.crossvalidation.figures import summary, write_results
from pipeline.tools.crossvalidation.folds import FoldError, deal
from pipeline.tools.crossvalidation.measuring import Measured, cross_validate
from pipeline.tools.crossvalidation.study import Recipe, Study, read_study
from pipeline.training.data import TrainingData
from pipeline.training.loop import train
from tests.helpers.melodies import continuing, copying, scale, training
from tests.helpers.tampering import tamper_with_run

EVALUATION = ContinueEvaluation(
    cut=0.5,
    ngram_order=None,
    ngram_mixing_b=1.5,
    scores=1,
    continued_pieces=9,
    continuation_samples=2,
    temperature=1.0,
    seed=1,
    sample_temperature=1.0,
    sample_top_p=1.0,
    repetition_nats=1.0,
    voice_leading="default",
    save_attention=False,
    device="cpu",
    threads=1,
)
SETTINGS = training(epochs=1, threads=1)


def pieces(corpus: str, families: str) -> pa.Table:
    """One scale per family, with a different first note; the second piece of a family is the same scale."""
    rows = [
        {
            **dict.fromkeys(TOKENS.names),
            "piece_id": f"{corpus}/{i}",
            "corpus": corpus,
            "tune_family": family,
            "split": "train",
            "tokens": scale(40 + ord(family) - ord("a"), 6, 2),
            "n_steps": 12,
            "voices": 1,
            "steps_per_quarter": 2,
            "steps_per_bar": 4,
            "step_in_bar": [step % 4 for step in range(12)],
        }
        for i, family in enumerate(families)
    ]
    return pa.Table.from_pylist(rows, schema=TOKENS)


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    recipe = Recipe(continuing(), copying(), SETTINGS)
    return Study(pieces("songs", "aabcddef"), recipe, EVALUATION, recipe, pieces("others", "avwcxyyz"))


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """The families of the pieces of each training, validation included."""
    families: list[set[str]] = []

    def listen(model: Any, data: TrainingData, *rest: Any) -> Any:
        pieces = [*data.train, *data.valid]
        families.append({chr(int(example.source[0]) - 40 + ord("a")) for example in pieces})
        return train(model, data, *rest)

    monkeypatch.setattr(measuring, "train", listen)
    return families


def measured(study: Study, seeds: Sequence[int] = (1, 2)) -> tuple[Measured, np.ndarray]:
    folds = deal(study.rows["tune_family"].to_pylist(), 2)
    return cross_validate(study, folds, seeds), folds


def test_every_piece_is_measured_once_by_every_predictor_and_seed(study: Study) -> None:
    scores = measured(study)[0].scores.to_pylist()
    seen = [(row["predictor"], row["seed"], row["piece_id"]) for row in scores]
    assert len(seen) == len(set(seen))
    predictors = {(predictor, seed) for predictor, seed, _ in seen}
    trained = {(name, seed) for name in ("model", "before fine-tuning") for seed in (1, 2)}
    assert predictors == trained | {("ngram", None), ("ngram_memory", None)}
    assert len(seen) == len(predictors) * 8


def test_no_model_is_trained_on_a_relative_of_a_held_out_piece(
    study: Study, trainings: list[set[str]]
) -> None:
    _, folds = measured(study, seeds=[1])
    families = np.array(study.rows["tune_family"].to_pylist())
    parent, *others = trainings
    assert parent == set("vwxyz")
    assert others == [set(families[folds != fold].tolist()) for fold in (0, 1)]


def test_an_interrupted_run_resumes(study: Study, trainings: list[set[str]]) -> None:
    class Interrupted(Exception):  # noqa: N818
        pass

    listening = measuring.train

    def twice(*arguments: Any) -> Any:
        if len(trainings) == 2:
            raise Interrupted
        return listening(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measuring, "train", twice)
        with pytest.raises(Interrupted):
            measured(study)
    assert len(trainings) == 2  # the parent and the first fold of seed 1
    again, _ = measured(study)
    assert len(trainings) == 6  # two seeds of a parent and two folds
    assert measured(study)[0].scores.equals(again.scores)
    assert len(trainings) == 6


@pytest.mark.parametrize("name", ["1-0.scores.parquet", "1-1.continued.parquet"])
def test_a_damaged_part_is_measured_again(
    study: Study, trainings: list[set[str]], tmp_path: Path, name: str
) -> None:
    before, _ = measured(study, seeds=[1])
    (part,) = tmp_path.rglob(name)
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)
    n_trained = len(trainings)
    assert measured(study, seeds=[1])[0].scores.equals(before.scores)
    assert len(trainings) == n_trained + 1


def test_a_part_of_another_seed_is_not_used(study: Study, trainings: list[set[str]], tmp_path: Path) -> None:
    before, _ = measured(study)
    for part in tmp_path.rglob("2-0.*"):
        (part.parent / part.name.replace("2-", "1-", 1)).write_bytes(part.read_bytes())
    n_trained = len(trainings)
    assert measured(study)[0].scores.equals(before.scores)
    assert len(trainings) == n_trained + 1


def test_a_damaged_parent_is_trained_again(study: Study, trainings: list[set[str]], tmp_path: Path) -> None:
    measured(study, seeds=[1])
    (file,) = tmp_path.rglob("1-parent/weights.safetensors")
    file.write_bytes(file.read_bytes()[:-9])
    n_trained = len(trainings)
    measured(study, seeds=[1])
    assert len(trainings) == n_trained + 1


def test_a_part_that_was_edited_with_its_seal_is_measured_again(
    study: Study, trainings: list[set[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, _ = measured(study, seeds=[1])
    (scores,) = tmp_path.rglob("1-0.scores.parquet")
    scores.write_bytes(b"no table")
    folder = scores.parent
    seal(folder / "1-0.sha256", f"{folder.name}/1-0", [scores, folder / "1-0.continued.parquet"])
    n_trained = len(trainings)
    assert measured(study, seeds=[1])[0].scores.equals(before.scores)
    assert len(trainings) == n_trained + 1
    assert "it is measured again" in capsys.readouterr().err


def test_a_parent_that_was_edited_with_its_seal_is_trained_again(
    study: Study, trainings: list[set[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    measured(study, seeds=[1])
    (parent,) = tmp_path.rglob("1-parent")
    tamper_with_run(parent, lambda tensors: tensors.popitem())
    files = [parent / "weights.safetensors", parent / "config.json"]
    seal(parent / "parent.sha256", f"{parent.parent.name}/1-parent", files)
    n_trained = len(trainings)
    measured(study, seeds=[1])
    assert len(trainings) == n_trained + 1
    assert "it is trained again" in capsys.readouterr().err


def test_other_settings_start_from_the_beginning(study: Study, trainings: list[set[str]]) -> None:
    measured(study, seeds=[1])
    longer = replace(study.recipe, training=training(epochs=2, threads=1))
    measured(replace(study, recipe=longer), seeds=[1])
    assert len(trainings) == 6


def test_figures_are_means_over_seeds_and_differences_are_paired(study: Study, tmp_path: Path) -> None:
    found, folds = measured(study)
    facts = summary(study, found, folds, [1, 2])
    model, memory = (facts["predictors"][name] for name in ("model", "ngram_memory"))
    assert model["bits_per_onset"] == pytest.approx(np.mean(model["by_seed"]["bits_per_onset"]), abs=1e-5)
    assert len(set(model["by_seed"]["bits_per_onset"])) == 2
    assert "by_seed" not in memory
    for unit in ("bits_per_onset", "nats_per_token"):
        bits = facts["intervals"][unit]
        assert bits["model"]["value"] == pytest.approx(model[unit], abs=1e-5)
        assert bits["model - ngram_memory"]["value"] == pytest.approx(model[unit] - memory[unit], abs=1e-5)
    assert (facts["pieces"], facts["families"], facts["folds"], facts["seeds"]) == (8, 6, 2, [1, 2])
    assert facts["continuations"]["model"]["10"]["n_pieces"] == 8

    write_results(tmp_path / "results", found, facts)
    assert json.loads((tmp_path / "results/figures.json").read_text())["machine"] == facts["machine"]


def test_an_experiment_from_scratch_has_no_parent(study: Study, trainings: list[set[str]]) -> None:
    found, _ = measured(replace(study, parent=None, parent_rows=None), seeds=[3])
    assert len(trainings) == 2
    assert "before fine-tuning" not in pc.unique(found.scores["predictor"]).to_pylist()


def test_a_fine_tuning_is_loaded_with_its_initial_experiment() -> None:
    with pytest.raises(FoldError, match="did you mean 'chorales-copying'"):
        read_study("chorals-copying")
    with pytest.raises(SystemExit):
        main(["cross-validate", "--experiment", "chorals-copying"])
