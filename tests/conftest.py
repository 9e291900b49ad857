"""A tiny project whose data stages have run, for tests that look at what they made."""

import copy
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from stages import download, encode, families, filter, parse, quantize, split
from tests.helpers import sections
from tests.helpers.leftovers import Session
from tests.helpers.paths import ROOT
from tests.helpers.preloading import preloaded

SESSION = pytest.StashKey[Session]()
LONGEST = (  # files of tests that take longest, the longest first
    "tests/test_documents.py",
    "tests/test_stages.py",
    "tests/workflow/test_faults.py",
    "tests/workflow/test_cluster.py",
    "tests/training/test_resume.py",
    "tests/formats/readers/test_against_music21.py",
    "tests/training/test_processes.py",
    "tests/test_overrides.py",
)


def pytest_configure(config: pytest.Config) -> None:
    """Give the tests a folder for temporary files; workers of pytest-xdist inherit that of their parent."""
    if not hasattr(config, "workerinput"):
        config.stash[SESSION] = Session()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than cores: tests of DVC and of clusters wait for other processes half of the time."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the longest files first, so that no process of pytest-xdist is alone with one at the end."""
    ranks = {ROOT / file: rank for rank, file in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path, len(LONGEST)))


@pytest.hookimpl(trylast=True)  # after the workers have ended
def pytest_sessionfinish(session: pytest.Session) -> None:
    """List the files that are left, which are deleted with their folder; fail if a process is left."""
    if SESSION in session.config.stash:
        left = session.config.stash[SESSION].end()
        if any(line.startswith("process ") for line in left):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if left:
            print(f"\nthe tests left {len(left)} things behind:", *left, sep="\n")


MELODY = "CDEF|GABc|dcBA|GFED|CEGc|BGEC|DFAd|cAFD"
SONGS = f"""X:1
T:The Long One
M:4/4
L:1/4
K:G
{MELODY}|]

X:2
T:Its Relative
M:4/4
L:1/4
K:G
G|{MELODY}|E4|]

X:3
T:Too Short
M:4/4
L:1/4
K:C
C4|]

X:4
T:Broken
M:4/4
L:1/4
K:C
4CDEF|]

X:5
T:Two Phrases
M:4/4
L:1/4
K:C
z4|CDEF|G4|z4|z4|GFED|C4|]
"""


def recipe(min_notes: int, **quantizing: object) -> dict[str, object]:
    """A data set of the songs, one step per quarter, all of it for training."""
    return {
        **sections.dataset("songs"),
        "quantize": {**sections.QUANTIZE, **quantizing},
        "filter": {**sections.FILTER, "min_notes": min_notes, "max_moved_share": 0.5},
        "split": {"kind": "none"},
    }


def write_project(root: Path) -> None:
    shutil.copy(ROOT / "dvc.yaml", root)
    (root / "scores").mkdir()
    (root / "scores" / "all.abc").write_text(SONGS)
    (root / "data").mkdir()
    (root / "data" / "suffixes.txt").write_text(".abc\n")
    params = {
        "engine": sections.ENGINE,
        "defaults": {},
        "corpora": {"songs": sections.corpus("scores")},
        "families": sections.FAMILIES,
        "datasets": {
            "tunes": recipe(min_notes=8),
            "phrases": recipe(min_notes=2, rests="split", min_rest=4),
        },
        "experiments": {},
    }
    with (root / "params.yaml").open("w") as file:
        YAML().dump(copy.deepcopy(params), file)


@pytest.fixture(scope="session")
def programs() -> Iterator[list[Path]]:
    """Folders with ``python`` and ``dvc`` that start with their libraries imported."""
    with preloaded() as folders:
        yield folders


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    write_project(root)
    before = Path.cwd()
    os.chdir(root)
    try:
        download.run("songs")
        parse.run("songs")
        families.run()
        for dataset in ("tunes", "phrases"):
            for stage in (quantize, filter, split, encode):
                stage.run(dataset)
    finally:
        os.chdir(before)
    return root


@pytest.fixture
def project(finished: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root of the project, which is the working directory, too."""
    monkeypatch.chdir(finished)
    return finished
