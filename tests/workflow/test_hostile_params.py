"""The attack on parameters finds what it is made to find: ``python -m tests.benchmarks.parameters``."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.helpers.hostile_params import STAGES, Edit, attempt, build, edits, parameters

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it forks, and limits memory as Linux does")
FILTER = ("datasets", "tunes", "filter", "min_notes")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A project in which the stages up to split have run."""
    root = tmp_path_factory.mktemp("project")
    return root, build(root, last="split")


def kind(project: tuple[Path, dict[str, Any]], path: tuple[str, ...], value: Any, scratch: Path) -> str:
    root, params = project
    return attempt(root, Edit(path, value), params, scratch, last="split").kind


@pytest.mark.parametrize(("value", "expected"), [(float("nan"), "refused"), (2, "ran"), (1000, "message")])
def test_a_value_is_refused_or_runs_or_ends_in_a_message(
    project: tuple[Path, dict[str, Any]], value: Any, expected: str, tmp_path: Path
) -> None:
    assert kind(project, FILTER, value, tmp_path) == expected


def test_a_traceback_and_a_killed_process_are_faults(
    project: tuple[Path, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def divide(_: str) -> float:
        return 1 / 0

    for run in (divide, sys.exit):
        monkeypatch.setitem(STAGES, "split", SimpleNamespace(run=run))
        assert kind(project, FILTER, 2, tmp_path) == "fault"


def test_every_kind_of_section_is_tried() -> None:
    tried = {edit.path for edit in edits(parameters())}
    names = {name for path in tried for name in path}
    assert {"source", "read", "families", "quantize", "split", "encode", "model", "evaluation"} <= names
    models = {path[1] for path in tried if "model" in path}
    assert models == set(parameters()["experiments"])
