"""The next steps printed after a run."""

import subprocess
from pathlib import Path

import pytest

from pipeline.tools.next_steps import EXAMPLES, lines


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project in git with one trained experiment and a report."""
    (tmp_path / "params.yaml").write_text(
        "experiments: {first: {task: {kind: continue}}, choir: {task: {kind: harmonize}}}"
    )
    names = ("runs/first/config.json", "report/index.html", "metrics/first.json")
    for name in ("dvc.lock", *(f"data/{name}" for name in names)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "-A"], [*who, "commit", "-qm", "first"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def test_the_report_and_three_commands_are_named(root: Path) -> None:
    text = "\n".join(lines(root))
    assert (root / "data/report/index.html").as_uri() in text
    for command in ("entchen explain", "entchen generate --experiment first", "entchen add"):
        assert command in text


def test_files_that_changed_have_a_reason(root: Path) -> None:
    assert "Changed in git:" not in lines(root)
    (root / "data/metrics/first.json").write_text("[]")
    (root / "dvc.lock").write_text("[]")
    text = "\n".join(lines(root))
    assert "weights depend on the CPU" in text
    assert "what every stage read and wrote" in text
    assert "learning curves" not in text


def test_without_a_run_no_link_is_printed(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text('{"experiments": {"first": {"task": {"kind": "continue"}}}}')
    text = "\n".join(lines(tmp_path))
    assert "`dvc repro report`" in text
    assert "generate" not in text


def test_experiments_of_the_examples_are_offered_until_params_yaml_has_them(root: Path) -> None:
    folder = root / EXAMPLES
    folder.mkdir(parents=True)
    (folder / "more.yaml").write_text("# More.\n\nexperiments:\n  third: {}\n  fourth: {}\n")
    (folder / "songs.yaml").write_text("corpora:\n  songs: {}\n")
    offer = f"  grep '^  ' {EXAMPLES}/more.yaml >> params.yaml; dvc repro   # also third and fourth"
    assert offer in lines(root)
    (root / "params.yaml").write_text("experiments: {third: {task: {kind: continue}}}")
    assert offer not in lines(root)
