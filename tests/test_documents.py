"""Every command and every snippet of the README and the guides, run in a small copy of the project."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

import pipeline
from pipeline.workflow.dvclock import read_lock
from tests.helpers.guides import DOCUMENTS, blocks, entries, pasted
from tests.helpers.paths import ROOT
from tests.helpers.project import Project, tune
from tests.helpers.waiting import wait_until

LINK = re.compile(r"\[[^\]]+\]\(([^)#]+)\)")

# Commands that are not run here, with the reason or the test that covers them.
ELSEWHERE = {
    "git clone": "needs a network",
    "source .venv/bin/activate": "the tests run in the environment",
    "make demo": "tests/test_stages.py runs the stages",
    "make repro": "installs packages; test_make_repro_fetches_outputs_from_the_remote",
    "make test": "runs the tests",
    "make cluster-demo": "tests/workflow/test_cluster.py",
    "python -m pipeline add": "tests/tools/adding/test_adding.py",
    "pip install": "needs a network",
    "python -m dask": "tests/workflow/test_cluster.py",
    "ENTCHEN_SCHEDULER": "tests/workflow/test_cluster.py",
    "torchrun": "tests/training/test_processes.py",
    "python -m pipeline harmonize": "needs four voices: tests/tools/inference/test_harmonize.py",
    "python -m pipeline cross-validate": "tests/tools/crossvalidation",
    "dvc remote add --default store s3": "needs a bucket",
    "dvc remote modify": "needs a bucket",
    "dvc import": "needs a server; test_a_data_set_is_imported_by_another_project",
}


def commands(document: str) -> Iterator[str]:
    for body in blocks(document, "console"):
        for line in body.splitlines():
            command = re.split(r"\s{2,}# ", line)[0].strip()
            if command and not command.startswith(tuple(ELSEWHERE)):
                yield command


def rename(params: Any) -> None:
    """The tiny corpora, data set and experiments get the names used in the documents."""
    for old, new in (("songs", "essen"), ("dances", "airds")):
        corpus = params["corpora"].pop(old)
        corpus["watch"] = corpus["source"]["path"] = f"scores/{new}"
        params["corpora"][new] = corpus
    params["datasets"]["melodies"] = params["datasets"].pop("tunes")
    params["datasets"]["melodies"]["corpora"] = ["essen", "airds"]
    experiments = params["experiments"]
    experiments["bach-chorales"] = experiments.pop("first")
    experiments["melodies"] = experiments.pop("second")
    experiments["chorales-from-melodies"] = {**experiments.pop("tuned"), "init_from": "melodies"}
    for experiment in experiments.values():
        experiment["dataset"] = "melodies"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, programs: list[Path]) -> Project:
    project = Project(tmp_path_factory.mktemp("documents"), programs)
    for old in ("songs", "dances"):
        (project.root / f"scores/{old}/all.abc").unlink()
    for corpus, book, numbers in (("essen", "kinder0", range(120, 160)), ("airds", "book1", range(165, 175))):
        (project.root / "scores" / corpus).mkdir()
        (project.root / f"scores/{corpus}/{book}.abc").write_text("".join(map(tune, numbers)))
    (project.root / "tune.abc").write_text(tune(7))
    project.edit(rename)
    for file in (".gitignore", ".dvc/config", ".dvc/plots.html"):
        if (ROOT / file).exists():
            (project.root / file).write_bytes((ROOT / file).read_bytes())
    succeed(project, "dvc repro")
    commit(project, "First run")
    succeed(project, "python -m pipeline generate --experiment melodies --prompt tune.abc --out tune.mid")
    return project


def commit(project: Project, message: str) -> None:
    succeed(project, "git add --all")
    who = "-c user.name=a -c user.email=a@example.org"
    succeed(project, f"git {who} commit --quiet --allow-empty --message {shlex.quote(message)}")


def succeed(project: Project, command: str) -> str:
    status, output = project.call("bash", "-c", command)
    assert status == 0, f"{command}\n{output}"
    return output


def python(project: Project, code: str) -> str:
    return succeed(project, f"python -c {shlex.quote(code)}")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_has_a_target(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    targets = [link for link in LINK.findall(text) if "://" not in link]
    assert [link for link in targets if not ((ROOT / document).parent / link).exists()] == []


def test_every_command_left_out_is_in_a_document() -> None:
    lines = [
        line for document in DOCUMENTS for body in blocks(document, "console") for line in body.splitlines()
    ]
    assert [prefix for prefix in ELSEWHERE if not any(line.startswith(prefix) for line in lines)] == []


def test_the_readme_has_at_most_110_lines() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 110


@pytest.mark.parametrize(
    "document", [name for name in DOCUMENTS if name not in ("docs/own-music.md", "docs/dvc.md")]
)
def test_every_command_runs(project: Project, document: str) -> None:
    for command in commands(document):
        succeed(project, command)


@pytest.mark.parametrize("document", [name for name in DOCUMENTS if name != "docs/own-music.md"])
def test_every_snippet_runs(project: Project, document: str) -> None:
    for code in blocks(document, "python"):
        python(project, code)


def test_ones_own_music_becomes_a_corpus_a_data_set_and_an_experiment(
    project: Project, tmp_path: Path
) -> None:
    songs = tmp_path / "songs"
    (songs / "more").mkdir(parents=True)
    for number in range(300, 320):
        (songs / f"song{number}.abc").write_text(tune(number))
    (songs / "tiny.tinynotation").write_text("tinyNotation: 4/4 c4 d e f g2 g2 a4 a a a g1")
    pipeline.read(project.root / "tune.abc").quantize().save(songs / "more/tune.mid")
    (songs / "broken.mid").write_bytes(b"MThd nonsense")
    (songs / "broken.musicxml").write_text("<score-partwise><part")
    (songs / "notes.txt").write_text("nothing to play")
    params = (project.root / "params.yaml").read_text()
    whole = (ROOT / "params.yaml").read_text(encoding="utf-8")
    for block in entries("docs/own-music.md"):
        whole = pasted(whole, block.replace("/data/songs", str(songs)))
    shown = YAML(typ="safe").load(whole)

    def add(params: Any) -> None:
        for group in ("corpora", "datasets", "experiments"):
            params[group]["my-songs"] = shown[group]["my-songs"]
        params["experiments"]["my-songs"]["training"]["epochs"] = 2

    project.edit(add)
    output = "".join(succeed(project, command) for command in commands("docs/own-music.md"))
    assert "scores are not in git" in output
    assert "parse@my-songs: 22 pieces kept, 2 rejected" in output
    assert str(songs) not in (project.root / "data/raw/my-songs/source.json").read_text()
    left_out = "".join(python(project, code) for code in blocks("docs/own-music.md", "python"))
    for rejected in ("my-songs/broken.mid unreadable", "unclosed token"):
        assert rejected in left_out
    assert "encode@my-songs: 22 of 22 examples written" in output
    assert "my-songs" in (project.root / "data/report/index.html").read_text()
    (project.root / "params.yaml").write_text(params)


@pytest.mark.skipif(shutil.which("make") is None, reason="make runs it")
def test_make_repro_fetches_outputs_from_the_remote(project: Project, tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", project.root)
    (project.root / ".venv").symlink_to(sys.prefix)
    make = "make --old-file=.venv/.installed repro"  # nothing is installed
    succeed(project, make)
    succeed(project, f"dvc remote add --default near {tmp_path / 'near'}")
    succeed(project, "dvc push")
    cache = project.root / ".dvc/cache"
    cache.rename(tmp_path / "cache")
    (project.root / "data/notes/essen.parquet").unlink()
    output = succeed(project, make)
    assert "Running stage" not in output
    assert (project.root / "data/notes/essen.parquet").exists()
    shutil.rmtree(cache)
    (tmp_path / "cache").rename(cache)
    succeed(project, "dvc remote remove near")
    (project.root / ".venv").unlink()


def test_dvc_commands_of_the_guide_work(project: Project, tmp_path: Path) -> None:
    succeed(project, "dvc repro")
    commit(project, "Before")

    def stricter(params: Any) -> None:
        params["datasets"]["melodies"]["filter"]["min_notes"] = 9

    project.edit(stricter)
    succeed(project, "dvc repro")
    commit(project, "After")
    for command in commands("docs/dvc.md"):
        output = succeed(
            project, "COLUMNS=200 " + command.replace("/mnt/shared/entchen", str(tmp_path / "store"))
        )
        if command == "dvc queue start":
            wait_for_the_queue(project)
        if command.startswith("dvc exp show"):
            assert "short" in output
        if command.startswith("git checkout HEAD~1"):
            assert "min_notes: 8" in (project.root / "params.yaml").read_text()
    assert "min_notes: 9" in (project.root / "params.yaml").read_text()
    assert "Running stage" not in succeed(project, "dvc repro")


def wait_for_the_queue(project: Project) -> None:
    def done() -> bool:
        return not re.search(r"Queued|Running", succeed(project, "dvc queue status"))

    wait_until(done, seconds=600, what="the queue")
    assert succeed(project, "dvc queue status").count("Success") == 2


def test_a_data_set_is_imported_by_another_project(project: Project, tmp_path: Path) -> None:
    other = Project.at(tmp_path)
    succeed(other, "git init --quiet && dvc init --quiet")
    succeed(project, "dvc repro encode@melodies")
    commit(project, "For others")
    succeed(other, f"dvc import {project.root} data/tokens/melodies")
    folders = {path.parent.name for path in (tmp_path / "melodies").rglob("*.parquet")}
    assert {"train", "valid", "test"} <= folders
    assert "rev_lock" in (tmp_path / "melodies.dvc").read_text()


@pytest.mark.skipif(not (ROOT / "data/tokens/melodies").exists(), reason="compares with the real data sets")
@pytest.mark.parametrize("document", ["docs/data.md", "docs/results.md"])
def test_the_output_of_a_snippet_is_that_in_the_document(document: str, tmp_path: Path) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    committed = subprocess.run(["git", "show", "HEAD:dvc.lock"], cwd=ROOT, capture_output=True, check=True)
    (tmp_path / "dvc.lock").write_bytes(committed.stdout)
    locked, here = outputs(tmp_path), outputs(ROOT)
    pairs = re.findall(r"^```python\n(.*?)^```\n```\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert pairs
    made_otherwise = []
    for code, printed in pairs:
        read = [path for path in locked if path in code]
        assert read, code
        if differing := [p for p in read if here.get(p) != locked[p] or not (ROOT / p).exists()]:
            made_otherwise += differing
            continue
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
        assert done.stdout.rstrip() == printed.rstrip(), done.stderr
    if made_otherwise:
        pytest.skip(f"missing, or made by other parameters or processors: {', '.join(made_otherwise)}")


def test_the_notebook_runs_from_its_own_folder(project: Project) -> None:
    notebook = json.loads((ROOT / "examples/first-steps.ipynb").read_text(encoding="utf-8"))
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    (project.root / "notebooks").mkdir(exist_ok=True)
    there = "import os, sys; sys.path.insert(0, os.getcwd()); os.chdir('notebooks')"
    code = "\n".join([there, *cells])
    assert "step 0" in python(project, code)
    assert (project.root / "notebooks/continued.mid").exists()


def outputs(root: Path) -> dict[str, str]:
    return {path: digest for stage in read_lock(root).values() for path, digest in stage.outs.items()}


@pytest.mark.parametrize("example", sorted(file.name for file in (ROOT / "examples").glob("*.py")))
def test_examples_run_on_any_data_set(project: Project, example: str) -> None:
    code = (ROOT / "examples" / example).read_text(encoding="utf-8")
    arguments = {"split_to_midi.py": "melodies test midi"}.get(example, "data/tokens/melodies")
    (project.root / "examples").mkdir(exist_ok=True)
    (project.root / "examples" / example).write_text(code)
    output = succeed(project, f"PYTHONPATH=. HF_HUB_OFFLINE=1 python examples/{example} {arguments}")
    assert output.strip()
    assert (
        len([line for line in code.splitlines() if line and not line.startswith(('"""', "import", "from"))])
        <= 30
    )
    if example == "split_to_midi.py":
        assert len(list((project.root / "midi").glob("*.mid"))) > 3


@pytest.mark.parametrize(
    ("example", "message"),
    [
        ("split_to_midi.py", "usage: "),
        ("split_to_midi.py nope test midi", "there is no data set 'nope'; known: "),
        ("split_to_midi.py melodies nope midi", "there is no split 'nope'; known: "),
        ("load_with_datasets.py nope", "nope: no training shards"),
        ("query_with_duckdb.py nope", "nope: no training shards"),
        ("train_with_torch.py nope", "nope: no training shards"),
        ("demo/run.py nope", "takes no arguments"),
    ],
)
def test_an_example_refuses_wrong_arguments_in_one_line(project: Project, example: str, message: str) -> None:
    name, *arguments = example.split()
    command = [sys.executable, str(ROOT / "examples" / name), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, cwd=project.root, env=environment, capture_output=True, text=True)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert message in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
