"""A trained model continues and harmonizes scores in Python."""

import shutil
from pathlib import Path

import pytest
import torch

import pipeline
from pipeline.models.base.batches import fingerprint
from pipeline.models.base.pretrained import Run, save_run
from pipeline.models.base.registry import build
from pipeline.models.stepwise.config import StepwiseConfig
from tests.helpers import sections
from tests.helpers.melodies import copying
from tests.helpers.project import edit

TUNE = "tinyNotation: 4/4 d4 e f# g a2 a"
CHOIR = {"kind": "stepwise", "embedding_size": 4, "hidden_size": 4, "layers": 1, "dropout": 0.0}


@pytest.fixture
def trained(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with untrained weights of an experiment of each task; a folder in it is the current one."""
    root = tmp_path / "project"
    shutil.copytree(finished, root)
    (root / "notebooks").mkdir()
    monkeypatch.chdir(root / "notebooks")
    torch.manual_seed(3)
    shards = fingerprint(root / "data/tokens/tunes")
    for name, dataset, config in (
        ("first", "tunes", copying()),
        ("choir", "duets", StepwiseConfig.model_validate(CHOIR)),
    ):
        save_run(root / "data/runs" / name, build(config), Run(config, dataset, shards, 1, 1.0))

    def add(params: dict[str, dict[str, object]]) -> None:
        duets = sections.dataset("songs")
        duets["quantize"]["parts"] = {"default": ["Soprano", "Alto"]}
        params["datasets"]["duets"] = duets
        params["experiments"] = {
            "first": {"dataset": "tunes", "task": {"kind": "continue"}},
            "choir": {"dataset": "duets", "task": {"kind": "harmonize"}},
        }

    edit(root / "params.yaml", add)
    return root


@pytest.mark.usefixtures("trained")
def test_a_score_is_continued_in_its_own_key() -> None:
    model = pipeline.load_model("first")
    made = model.generate(TUNE, quarters=8)
    assert made.pitch[:4, 0].tolist() == [62, 64, 66, 67]
    assert made.prompt_steps == 8 < made.n_steps <= 16


@pytest.mark.usefixtures("trained")
def test_a_score_and_its_grid_are_continued_alike() -> None:
    model, score = pipeline.load_model("first"), pipeline.read("X:1\nM:2/4\nL:1/4\nK:D\nDE|FG|A2|]")
    assert model.generate(score, quarters=4) == model.generate(score.quantize(1), quarters=4)


@pytest.mark.usefixtures("trained")
def test_the_seed_decides_what_is_sampled() -> None:
    model = pipeline.load_model("first")
    first, again, other = (model.generate(TUNE, seed=seed, quarters=8) for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.usefixtures("trained")
def test_missing_voices_are_predicted() -> None:
    made = pipeline.load_model("choir").harmonize(TUNE)
    assert made.voices == 2
    assert made.pitch[:4, 0].tolist() == [62, 64, 66, 67]


@pytest.mark.usefixtures("trained")
def test_a_wrong_name_and_wrong_voices_are_one_line() -> None:
    with pytest.raises(pipeline.PipelineError, match="did you mean 'first'"):
        pipeline.load_model("frist")
    with pytest.raises(pipeline.PipelineError, match="has voices 0 to 1"):
        pipeline.load_model("choir").harmonize(TUNE, given=[0, 1])


@pytest.mark.usefixtures("trained")
def test_a_data_set_is_loaded_whole_or_by_split() -> None:
    whole = pipeline.load_dataset("tunes")
    assert len(whole) == len(pipeline.load_dataset("tunes", "train")) == 3
    assert pipeline.load_dataset("tunes", "test").empty
    grid = pipeline.decode(whole.iloc[0])
    assert (grid.steps_per_quarter, grid.pitch[:4, 0].tolist()) == (1, [60, 62, 64, 66])


@pytest.mark.usefixtures("trained")
def test_a_wrong_data_set_or_split_is_named() -> None:
    with pytest.raises(pipeline.PipelineError, match="did you mean 'tunes'"):
        pipeline.load_dataset("tune")
    with pytest.raises(pipeline.PipelineError, match="did you mean 'train'"):
        pipeline.load_dataset("tunes", "trian")
