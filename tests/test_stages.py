"""The real `dvc repro` on two tiny corpora: what runs again, and what a mistake does."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipeline.core.rejections import read_counts
from tests.helpers.project import NOTES, Project, tune


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, programs: list[Path]) -> Project:
    """A project that has run; its programs have their libraries imported beforehand."""
    project = Project(tmp_path_factory.mktemp("project"), programs)
    project.repro()
    return project


def test_without_a_change_no_stage_runs(project: Project) -> None:
    assert project.repro() == []


def test_a_filter_limit_runs_the_filter_and_its_dependents(project: Project) -> None:
    def stricter(params: Any) -> None:
        params["datasets"]["tunes"]["filter"]["min_notes"] = 9

    project.edit(stricter)
    assert project.repro() == ["check", "filter@tunes"]


def test_a_filter_that_rejects_runs_all_that_follows(project: Project) -> None:
    def stricter(params: Any) -> None:
        params["datasets"]["tunes"]["filter"]["min_distinct_pitches"] = 12

    project.edit(stricter)
    assert set(project.repro()) == {
        "check",
        "filter@tunes",
        "split@tunes",
        "encode@tunes",
        "train@first",
        "train@second",
        "train@tuned",
        "train@choir",
        "evaluate@first",
        "evaluate@second",
        "evaluate@tuned",
        "evaluate@choir",
        "report",
    }


def test_a_training_parameter_runs_its_own_experiment(project: Project) -> None:
    def longer(params: Any) -> None:
        params["experiments"]["first"]["training"]["epochs"] = 2

    project.edit(longer)
    assert project.repro() == ["check", "train@first", "evaluate@first", "report"]


def test_new_weights_rerun_experiments_that_start_from_them(project: Project) -> None:
    def longer(params: Any) -> None:
        params["experiments"]["second"]["training"]["epochs"] = 2

    project.edit(longer)
    ran = project.repro()
    assert set(ran) == {
        "check",
        "train@second",
        "evaluate@second",
        "train@tuned",
        "evaluate@tuned",
        "report",
    }
    assert ran.index("train@second") < ran.index("train@tuned")


def test_a_new_score_runs_its_corpus_and_its_dependents(project: Project) -> None:
    (project.root / "scores/dances/new.abc").write_text(tune(200).replace("K:C\n", f"K:C\n{NOTES}|"))
    ran = project.repro()
    assert ran[0] == "download@dances"
    assert {"parse@dances", "families", "quantize@tunes", "encode@tunes"} < set(ran)
    assert not [name for name in ran if name.endswith("@songs") or name == "check"]
    assert ran[-1] == "report"
    tokens = pd.read_parquet(project.root / "data/tokens/tunes")
    assert "dances/new" in set(tokens["piece_id"])


def test_a_new_experiment_runs_only_its_own_stages(project: Project) -> None:
    def third(params: Any) -> None:
        params["experiments"]["third"] = copy.deepcopy(params["experiments"]["first"])

    project.edit(third)
    assert project.repro() == ["check", "train@third", "evaluate@third", "report"]


def test_one_bad_score_is_a_rejected_row(project: Project) -> None:
    (project.root / "scores/dances/broken.musicxml").write_text("<score-partwise><part")
    project.repro()
    rejected = pd.read_parquet(project.root / "data/rejected/parse/dances.parquet")
    assert rejected["piece_id"].tolist() == ["dances/broken"]
    assert read_counts(project.root / "data/rejected/parse/dances.parquet")["dances"].rejected == 1
    (project.root / "scores/dances/broken.musicxml").unlink()
    project.repro()


def remove_scores(project: Project) -> None:
    for file in (project.root / "scores/dances").iterdir():
        file.rename(project.root / file.name)


def restore_scores(project: Project) -> None:
    for file in project.root.glob("*.abc"):
        file.rename(project.root / "scores/dances" / file.name)


MISTAKES: dict[str, tuple[Callable[[Any], None], str]] = {
    "misspelt parameter": (
        lambda p: p["datasets"]["tunes"]["filter"].update({"min_note": 3}),
        "datasets.tunes.filter.min_note: unknown parameter; did you mean 'min_notes'",
    ),
    "unknown corpus": (
        lambda p: p["datasets"]["tunes"].update({"corpora": ["songs", "dancs"]}),
        "datasets.tunes.corpora: there is no corpus 'dancs'; did you mean 'dances'",
    ),
    "unknown model": (
        lambda p: p["experiments"]["first"]["model"].update({"kind": "lstn"}),
        "did you mean 'lstm'",
    ),
    "a data set that ends empty": (
        lambda p: p["datasets"]["tunes"]["filter"].update({"min_notes": 1000}),
        "tunes",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_clear_message(project: Project, mistake: str) -> None:
    change, message = MISTAKES[mistake]
    before = (project.root / "params.yaml").read_text()
    files = outputs(project)
    project.edit(change)
    status, said = project.call("dvc", "repro")
    (project.root / "params.yaml").write_text(before)
    assert status != 0
    assert message in said
    assert "Traceback" not in said
    assert outputs(project) == files
    assert project.repro() == []


def test_a_folder_without_scores_is_one_clear_message(project: Project) -> None:
    files = outputs(project)
    remove_scores(project)
    status, said = project.call("dvc", "repro")
    restore_scores(project)
    assert status != 0
    assert "scores/dances holds no score" in said
    assert "Traceback" not in said
    assert outputs(project) == files


def test_a_clone_fetches_outputs_from_a_remote(project: Project, tmp_path: Path) -> None:
    for command in (
        ("dvc", "remote", "add", "--default", "store", str(tmp_path / "store")),
        ("dvc", "push"),
        ("git", "add", "--all"),
        ("git", "-c", "user.name=us", "-c", "user.email=us@example.org", "commit", "--quiet", "-m", "all"),
        ("git", "clone", "--quiet", ".", str(tmp_path / "clone")),
    ):
        status, said = project.call(*command)
        assert status == 0, said
    clone = Project.at(tmp_path / "clone", project.programs)
    assert clone.repro("--pull") == []
    assert outputs(clone) == outputs(project)


def outputs(project: Project) -> dict[str, bytes]:
    return {
        file.relative_to(project.root).as_posix(): file.read_bytes()
        for file in sorted((project.root / "data").rglob("*"))
        if file.is_file() and file.name != ".gitignore"
    }
