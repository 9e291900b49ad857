"""Reasons to run a stage; test_stages.py compares them with every `dvc repro`."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.core.settings import load_yaml
from pipeline.tools.explain.digests import IGNORED_NAMES, IGNORED_SUFFIXES, differing, digest_of
from pipeline.tools.explain.impact import touched
from pipeline.tools.explain.reasons import changed_params, explain
from tests.helpers.paths import ROOT
from tests.helpers.project import edit


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 2}}, ["x.a.b: 1 → 2"]),
        ({"a": [1, 2]}, {"a": [1]}, ["x.a: [1, 2] → [1]"]),
        ({"a": 1}, {"b": None}, ["x.a: 1 is gone", "x.b: None is new"]),
        (8, 8, []),
        ("family", {"kind": "none"}, ["x: family → {'kind': 'none'}"]),
    ],
)
def test_every_changed_parameter_has_a_line(before: object, after: object, lines: list[str]) -> None:
    assert list(changed_params(before, after, "x")) == lines


def test_a_folders_digest_is_the_one_of_dvc(tmp_path: Path) -> None:
    (tmp_path / "scores/more").mkdir(parents=True)
    (tmp_path / "scores/__pycache__").mkdir()
    for name in ("more/b.abc", "more.abc", "__pycache__/left.pyc"):
        (tmp_path / "scores" / name).write_text(name)
    listed = [{"md5": md5(name.encode()), "relpath": name} for name in ("more.abc", "more/b.abc")]
    assert digest_of(tmp_path / "scores") == md5(json.dumps(listed).encode()) + ".dir"
    assert digest_of(tmp_path / "nothing") is None


def test_the_files_that_dvc_ignores_are_skipped() -> None:
    lines = (ROOT / ".dvcignore").read_text().split()
    assert {*IGNORED_NAMES, *(f"*{suffix}" for suffix in IGNORED_SUFFIXES)} == {*lines}


def test_changed_files_of_an_output_folder_are_found_in_dvcs_list(tmp_path: Path) -> None:
    folder = tmp_path / "scores"
    folder.mkdir()
    for name in ("a.abc", "b.abc"):
        (folder / name).write_text(name)
    digest = str(digest_of(folder))
    listing = tmp_path / ".dvc/cache/files/md5" / digest[:2] / digest[2:]
    listing.parent.mkdir(parents=True)
    entries = [{"md5": md5(name.encode()), "relpath": name} for name in ("a.abc", "b.abc")]
    listing.write_text(json.dumps(entries))
    (folder / "a.abc").write_text("other notes")
    (folder / "b.abc").unlink()
    (folder / "c.abc").write_text("c")
    assert differing(tmp_path, "scores", digest) == [
        "scores/a.abc changed",
        "scores/b.abc is gone",
        "scores/c.abc is new",
    ]


def test_changed_files_of_code_are_found_by_git(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        who = ("-c", "user.name=us", "-c", "user.email=us@example.org")
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True)

    (tmp_path / "code").mkdir()
    for name in ("dvc.lock", "code/one.py", "code/two.py"):
        (tmp_path / name).write_text("x = 1\n")
    git("init", "--quiet")
    git("add", "--all")
    git("commit", "--quiet", "-m", "all")
    (tmp_path / "code/one.py").write_text("x = 2\n")
    (tmp_path / "code/three.py").write_text("x = 3\n")
    assert differing(tmp_path, "code", "0" * 32 + ".dir") == ["code/one.py changed", "code/three.py changed"]


STAGES = """
stages:
  filter:
    foreach: ${datasets}
    do:
      cmd: python -m stages.filter ${key}
      deps: ["data/grids/${key}.parquet"]
      params: ["datasets.${key}.filter"]
      outs: ["data/filtered/${key}.parquet"]
  split:
    foreach: ${datasets}
    do:
      cmd: python -m stages.split ${key}
      deps: ["data/filtered/${key}.parquet", data/families.parquet]
      params: ["datasets.${key}.split"]
      outs: ["data/splits/${key}.parquet"]
"""


@pytest.fixture
def locked(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The finished tiny project with two stages in dvc.lock, of `tunes` only."""
    own = tmp_path / "own"
    shutil.copytree(project, own)
    monkeypatch.chdir(own)
    (own / "dvc.yaml").write_text(STAGES)
    edit(own / "params.yaml", lambda params: params["datasets"].pop("phrases"))
    params = load_yaml(own / "params.yaml")["datasets"]["tunes"]
    lock = {
        f"{stage}@tunes": {
            "cmd": f"python -m stages.{stage} tunes",
            "deps": [{"path": dep, "md5": digest_of(own / dep)} for dep in deps],
            "params": {"params.yaml": {f"datasets.tunes.{stage}": params[stage]}},
            "outs": [{"path": out, "md5": digest_of(own / out)}],
        }
        for stage, deps, out in (
            ("filter", ["data/grids/tunes.parquet"], "data/filtered/tunes.parquet"),
            ("split", ["data/filtered/tunes.parquet", "data/families.parquet"], "data/splits/tunes.parquet"),
        )
    }
    (own / "dvc.lock").write_text(json.dumps({"stages": lock}))
    return own


def test_without_changes_no_stage_is_listed(locked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(locked) == []
    main(["explain"])
    assert "Nothing would run" in capsys.readouterr().out


def test_a_stricter_filter_is_listed_with_its_pieces_and_the_waiting_stages(
    locked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(locked / "params.yaml", lambda params: params["datasets"]["tunes"]["filter"].update(min_notes=33))
    main(["explain"])
    assert capsys.readouterr().out.splitlines() == [
        "filter@tunes runs:",
        "  datasets.tunes.filter.min_notes: 8 → 33",
        "  of 4 grids 0 more are kept and 2 more rejected",
        "These will run only if their inputs change:",
        "  split@tunes, after filter@tunes",
    ]


def test_a_new_split_counts_the_pieces_that_move(locked: Path) -> None:
    shares = {"kind": "random", "seed": 1, "valid": 0.0, "test": 0.9}
    edit(locked / "params.yaml", lambda params: params["datasets"]["tunes"].update(split=shares))
    assert touched("split@tunes", locked) == "of 3 pieces 2 move to another split"


def test_missing_outputs_and_changed_inputs_are_listed(locked: Path) -> None:
    (locked / "data/splits/tunes.parquet").unlink()
    (locked / "data/families.parquet").write_bytes(b"damaged")
    (found,) = explain(locked)
    assert found.stage == "split@tunes"
    assert found.reasons == ("data/splits/tunes.parquet is missing", "data/families.parquet changed")
    assert touched("split@tunes", locked) == "it processes 3 rows of data/filtered/tunes.parquet"


def test_a_new_data_set_never_ran(locked: Path) -> None:
    def copy(params: dict[str, dict[str, object]]) -> None:
        params["datasets"]["again"] = params["datasets"]["tunes"]

    edit(locked / "params.yaml", copy)
    assert [stage.stage for stage in explain(locked)] == ["filter@again", "split@again"]
    assert explain(locked)[0].reasons == ("it has never run",)
