"""Faults in the middle of real stages: some here, all of them in tests/benchmarks/faults.py."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from ruamel.yaml import YAML

from pipeline.workflow.dvclock import LockError, read_lock
from tests.helpers.faults import Fault, Victim, strace_works
from tests.helpers.interruptions import InterruptedStage
from tests.helpers.project import Project
from tests.helpers.waiting import wait_until


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, programs: list[Path]) -> Project:
    """A project that has run; the commands of the tests are started as a user starts them."""
    project = Project(tmp_path_factory.mktemp("faults"), programs)
    status, output = project.call("dvc", "repro", "encode@tunes")
    assert status == 0, output
    project.programs = ()
    return project


@pytest.mark.skipif(not strace_works(), reason="strace makes the faults happen")
@pytest.mark.parametrize(
    ("stage", "call"),
    [
        ("parse@songs", "write"),
        ("quantize@tunes", "write"),
        ("quantize@tunes", "fsync"),
        ("encode@tunes", "rename"),
        ("encode@tunes", "unlink"),
        ("split@tunes", "read"),
    ],
)
def test_after_any_fault_the_next_run_gives_the_same_bytes(project: Project, stage: str, call: str) -> None:
    victim = Victim(project, stage, [".cache/notes"] if stage.startswith("parse") else [])
    faults = [fault for fault in victim.faults() if fault.call == call]
    assert faults
    sample = {faults[0], faults[len(faults) // 2], faults[-1]}
    outcomes = [victim.hit(fault) for fault in sample]
    assert any(outcome.hit for outcome in outcomes)
    assert [outcome.wrong for outcome in outcomes if outcome.wrong] == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_after_a_signal_at_any_moment_the_next_run_gives_the_same_bytes(
    project: Project, number: signal.Signals
) -> None:
    stage = InterruptedStage(Victim(project, "encode@tunes"))
    outcomes = [stage.signal(number, share) for share in (0.2, 0.6)]
    assert any(outcome.in_time for outcome in outcomes)
    assert [outcome.wrong for outcome in outcomes if outcome.wrong] == []


@pytest.mark.skipif(not strace_works(), reason="strace makes the faults happen")
def test_a_full_disk_is_one_line(project: Project) -> None:
    victim = Victim(project, "quantize@tunes")
    outcome = victim.hit(Fault("fsync", 1, "ENOSPC"))
    assert outcome.output.startswith("quantize@tunes: No space left on device")
    assert "`dvc repro` continues from here" in outcome.output


@pytest.mark.skipif(not strace_works(), reason="strace makes the faults happen")
def test_a_read_only_folder_is_one_line(project: Project) -> None:
    victim = Victim(project, "encode@tunes")
    first = next(fault for fault in victim.faults() if fault.call == "rename")
    outcome = victim.hit(Fault("rename", first.number, "EROFS"))
    assert "encode@tunes: Read-only file system: data/" in outcome.output


def right(project: Project) -> str:
    return (project.root / "dvc.lock").read_text()


def test_an_output_that_vanishes_between_stages_is_written_again(project: Project) -> None:
    before = right(project)
    (project.root / "data/notes/songs.parquet").unlink()
    status, output = project.call("dvc", "repro", "encode@tunes")
    assert status == 0, output
    assert right(project) == before
    assert (project.root / "data/notes/songs.parquet").exists()


def test_two_runs_at_once_leave_the_outputs_of_one(project: Project) -> None:
    before = right(project)
    tools = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    both = [
        subprocess.Popen(
            ["dvc", "repro", "--force", "encode@tunes"],
            cwd=project.root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]
    output = [run.communicate(timeout=300)[0] for run in both]
    for run, words in zip(both, output, strict=True):
        assert run.returncode == 0 or "lock" in words, words
    assert 0 in [run.returncode for run in both]
    assert project.call("dvc", "repro", "encode@tunes")[0] == 0
    assert right(project) == before


def test_a_run_that_is_killed_resumes(project: Project) -> None:
    before = right(project)
    tools = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    run = subprocess.Popen(
        ["dvc", "repro", "--force", "encode@tunes"],
        cwd=project.root,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_until(lambda: not (project.root / "data/grids/tunes.parquet").exists(), what="the stage quantize")
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    project.call(sys.executable, "-m", "pipeline", "corpora")  # repairs .dvc/tmp/rwlock if the kill hit it
    status, output = project.call("dvc", "repro", "encode@tunes")
    if status:  # DVC writes dvc.lock in place; it was killed just then
        assert "dvc.lock" in output
        (project.root / "dvc.lock").write_text(before)
        status, output = project.call("dvc", "repro", "encode@tunes")
    assert status == 0, output
    assert right(project) == before


def test_half_a_list_of_running_processes_is_deleted_by_the_next_command(project: Project) -> None:
    rwlock = project.root / ".dvc/tmp/rwlock"
    rwlock.write_text('{"write": {"/p/out')
    status, output = project.call("dvc", "repro", "encode@tunes")
    assert status != 0
    assert "rwlock" in output
    assert project.call(sys.executable, "-m", "pipeline", "corpora")[0] == 0
    assert project.call("dvc", "repro", "encode@tunes")[0] == 0


@pytest.mark.parametrize("half", [False, True])
def test_half_a_lock_file_is_an_error_and_nothing_runs_again(project: Project, half: bool) -> None:
    before = right(project)
    end = before.index("deps:", len(before) // 2) + len("dep") if half else 0
    (project.root / "dvc.lock").write_text(before[:end])
    status, output = project.call("dvc", "repro", "encode@tunes")
    assert status != 0
    assert "dvc.lock" in output
    with pytest.raises(LockError, match="Delete it"):
        read_lock(project.root)
    (project.root / "dvc.lock").unlink()
    status, output = project.call("dvc", "repro", "encode@tunes")
    assert status == 0, output
    assert "is cached - skipping run" in output
    assert "Running stage" not in output
    assert loaded(right(project)) == loaded(before)
    (project.root / "dvc.lock").write_text(before)


def loaded(text: str) -> object:
    return YAML(typ="safe", pure=True).load(text)


def test_a_damaged_table_is_an_error_and_written_again(project: Project) -> None:
    before = right(project)
    table = project.root / "data/grids/tunes.parquet"
    content = table.read_bytes()
    table.unlink()
    table.write_bytes(content[: len(content) // 2])
    done = subprocess.run(
        [sys.executable, "-m", "stages.filter", "tunes"], cwd=project.root, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "data/grids/tunes.parquet" in done.stderr
    assert "Traceback" not in done.stderr
    status, output = project.call("dvc", "repro", "encode@tunes")
    assert status == 0, output
    assert right(project) == before
    assert table.read_bytes() == content


def test_a_damaged_entry_of_the_cache_is_not_used(project: Project) -> None:
    before = right(project)
    table = project.root / "data/grids/tunes.parquet"
    content = table.read_bytes()
    entry = next(
        file
        for file in (project.root / ".dvc/cache/files").rglob("*")
        if file.is_file() and file.read_bytes() == content
    )
    entry.chmod(0o644)
    entry.write_bytes(content[:-100] + bytes(100))
    table.unlink()
    status, output = project.call("dvc", "repro", "encode@tunes")
    assert status == 0, output
    assert right(project) == before
    assert table.read_bytes() == content


def test_an_edit_is_detected_after_the_clock_was_set_back(project: Project) -> None:
    score = project.root / "scores/dances/all.abc"
    text = score.read_text()
    score.write_text(text.replace("T:Tune 101", "T:Tune 999"))
    os.utime(score, (0, 0))
    assert project.call("dvc", "repro", "encode@tunes")[0] == 0
    notes = pd.read_parquet(project.root / "data/notes/dances.parquet")
    assert "Tune 999" in set(notes["title"])
    score.write_text(text)
    assert project.call("dvc", "repro", "encode@tunes")[0] == 0
