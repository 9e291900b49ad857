"""The attack on parameters finds what it is made to find: ``python -m tests.benchmarks.parameters``."""

import multiprocessing
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.helpers.hostile_params import Edit, edits, first_stage, parameters, part_of
from tests.helpers.hostile_runs import STAGES, attempt, build

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it forks, and limits memory as Linux does")
Run = Callable[[str], object]
FILTER = ("datasets", "tunes", "filter", "min_notes")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A project in which the stages up to split have run."""
    root = tmp_path_factory.mktemp("project")
    return root, apart(build, root, "split")


def apart(function: Callable[..., Any], *arguments: Any) -> Any:
    """The result in a new process: it forks, and this one may have a fork server, which no fork can use."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def kind(project: tuple[Path, dict[str, Any]], value: Any, scratch: Path, run: Run | None = None) -> str:
    return str(apart(_kind, *project, value, scratch, run))


def _kind(root: Path, params: dict[str, Any], value: Any, scratch: Path, run: Run | None) -> str:
    if run:
        STAGES["split"] = SimpleNamespace(run=run)  # type: ignore[assignment]
    return attempt(root, Edit(FILTER, value), params, scratch, last="split").kind


def divide(_: str) -> float:
    return 1 / 0


@pytest.mark.parametrize(("value", "expected"), [(float("nan"), "refused"), (2, "ran"), (1000, "message")])
def test_a_value_is_refused_or_runs_or_ends_in_a_message(
    project: tuple[Path, dict[str, Any]], value: Any, expected: str, tmp_path: Path
) -> None:
    assert kind(project, value, tmp_path) == expected


@pytest.mark.parametrize("run", [divide, sys.exit])
def test_a_traceback_and_a_killed_process_are_faults(
    project: tuple[Path, dict[str, Any]], run: Run, tmp_path: Path
) -> None:
    assert kind(project, 2, tmp_path, run) == "fault"


def test_every_kind_of_section_is_tried() -> None:
    tried = {edit.path for edit in edits(parameters())}
    names = {name for path in tried for name in path}
    assert {"engine", "source", "read", "limits", "families", "quantize", "split", "encode"} <= names
    assert {"defaults", "model", "training", "evaluation"} <= names
    models = {path[1] for path in tried if "model" in path}
    assert models == set(parameters()["experiments"])


def test_kinds_of_sections_that_the_project_does_not_have_are_tried() -> None:
    sections = [edit.value for edit in edits(parameters()) if isinstance(edit.value, dict)]
    kinds = {section.get("kind") for section in sections}
    assert {"processes", "dask", "bundled", "url", "random", "published"} <= kinds
    files = [section["files"] for section in sections if isinstance(section.get("files"), list)]
    assert any(-1 in remote.values() for listed in files for remote in listed if isinstance(remote, dict))


def test_every_value_is_in_one_part() -> None:
    values = edits(parameters(), [0, 1])
    parts = [part_of(values, number, 3) for number in (1, 2, 3)]
    assert sorted(map(str, (edit for part in parts for edit in part))) == sorted(map(str, values))


@pytest.mark.parametrize(
    ("path", "stage"),
    [
        ("corpora.songs.limits.max_notes", "parse"),
        ("corpora.songs.source.path", "download"),
        ("datasets.tunes.corpora", "quantize"),
        ("experiments.first.task.cut", "train"),
        ("experiments.first.evaluation.cut", "evaluate"),
    ],
)
def test_the_stages_run_again_from_the_first_one_that_reads_the_parameter(path: str, stage: str) -> None:
    assert first_stage(Edit(tuple(path.split(".")), 1)) == stage
