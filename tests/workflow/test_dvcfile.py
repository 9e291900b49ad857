from pathlib import Path

import pytest

from pipeline.workflow.dvcfile import Declared, DvcFileError, declared

DVC = """
stages:
  one:
    cmd: x
    deps: [a.txt]
    params: [engine]
    outs: [b.txt]
  many:
    foreach: ${things}
    do:
      cmd: x ${key}
      deps: ["${item.file}", "in/${key}"]
      params: ["things.${key}.size", versions.yaml: [torch]]
      outs: ["out/${key}"]
      plots: ["${key}.csv": {cache: false}]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "dvc.yaml").write_text(DVC)
    (tmp_path / "params.yaml").write_text("things: {red: {file: r.txt, size: 1}}")
    return tmp_path


def test_a_plain_stage(project: Path) -> None:
    assert declared("one", root=project) == Declared(("a.txt",), ("b.txt",), (("params.yaml", "engine"),))


def test_a_stage_for_each_key(project: Path) -> None:
    stage = declared("many", "red", project)
    assert stage.deps == ("r.txt", "in/red")
    assert stage.outs == ("out/red", "red.csv")
    assert stage.params == (("params.yaml", "things.red.size"), ("versions.yaml", "torch"))


@pytest.mark.parametrize(("stage", "key", "nearest"), [("on", None, "one"), ("many", "rad", "red")])
def test_unknown_names_get_a_suggestion(project: Path, stage: str, key: str | None, nearest: str) -> None:
    with pytest.raises(DvcFileError, match=f"did you mean '{nearest}'"):
        declared(stage, key, project)
