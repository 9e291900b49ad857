"""Import closures and digests of code, on a small package and on this one."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest

from pipeline.workflow import code
from tests.helpers.paths import ROOT

FILES = {
    "pipeline/__init__.py": "",
    "pipeline/errors.py": "LIMIT = 1\n",
    "pipeline/core/__init__.py": '"""Core."""\n',
    "pipeline/core/music.py": '"""Music."""\n\n\ndef tie(a):\n    """Tie."""\n    return a  # as it is\n',
    "pipeline/core/tables.py": "import numpy\nfrom pipeline.core.music import tie\n",
    "pipeline/workflow/__init__.py": "",
    "pipeline/workflow/progress.py": "def say(): pass\n",
    "pipeline/readers/__init__.py": "from pipeline.readers import abc\n",
    "pipeline/readers/abc.py": (
        "from typing import TYPE_CHECKING\nfrom pipeline.workflow.progress import say\n"
        "from pipeline.errors import LIMIT\n"
        "if TYPE_CHECKING:\n    from pipeline.report import page\n"
        "def read():\n    from pipeline.core import tables\n    return tables\n"
    ),
    "pipeline/report/__init__.py": "",
    "pipeline/report/page.py": "TITLE = 'x'\n",
    "stages/__init__.py": "",
    "stages/parse.py": "import pipeline.readers\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A package of few modules that imports through the function of another, with the module under test."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    shutil.copy(ROOT / "pipeline/workflow/code.py", tmp_path / "pipeline/workflow/code.py")
    return tmp_path


def seen_in(project: Path) -> ModuleType:
    """The module ``code`` as a new process sees the project."""
    spec = importlib.util.spec_from_file_location("code_of_project", project / "pipeline/workflow/code.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_closure_follows_imports_inside_functions_and_packages_but_not_types(project: Path) -> None:
    assert seen_in(project).closure("stages.parse") == {
        "stages.parse",
        "pipeline.readers",
        "pipeline.readers.abc",
        "pipeline.core",
        "pipeline.core.tables",
        "pipeline.core.music",
        "pipeline.errors",
        "pipeline.workflow",
        "pipeline.workflow.progress",
    }


def test_imports_name_libraries_too(project: Path) -> None:
    assert "numpy" in seen_in(project).imports("pipeline.core.tables")


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pipeline/core/music.py", FILES["pipeline/core/music.py"].replace("# as it is", "# unchanged")),
        ("pipeline/core/music.py", FILES["pipeline/core/music.py"].replace('"""Tie."""', '"""Join."""')),
        ("pipeline/core/music.py", FILES["pipeline/core/music.py"].replace('"""Music."""', "")),
        ("pipeline/core/music.py", FILES["pipeline/core/music.py"].replace("(a):", "( a ):")),
        ("pipeline/report/page.py", "TITLE = 'y'\n"),
        ("pipeline/errors.py", "LIMIT = 2\n"),
        ("pipeline/workflow/progress.py", "def say(): return 1\n"),
    ],
)
def test_a_digest_does_not_change(project: Path, file: str, text: str) -> None:
    before = seen_in(project).digest("stages.parse")
    (project / file).write_text(text)
    assert seen_in(project).digest("stages.parse") == before


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pipeline/core/music.py", FILES["pipeline/core/music.py"].replace("return a", "return -a")),
        ("pipeline/core/music.py", FILES["pipeline/core/music.py"].replace("def tie(a)", "def tie(a, b=1)")),
        ("pipeline/core/music.py", 'SCOPE = "Tie."\n' + FILES["pipeline/core/music.py"]),
        ("pipeline/core/tables.py", "from pipeline.core.music import tie\n"),
        ("pipeline/core/__init__.py", "X = 1\n"),
        ("stages/parse.py", "import pipeline.readers, pipeline.report.page\n"),
    ],
)
def test_a_digest_changes_with_the_code_of_the_closure(project: Path, file: str, text: str) -> None:
    before = seen_in(project).digest("stages.parse")
    (project / file).write_text(text)
    assert seen_in(project).digest("stages.parse") != before


def test_a_digest_does_not_depend_on_the_folder_or_the_order_of_the_modules(
    project: Path, tmp_path: Path
) -> None:
    other = shutil.copytree(project, tmp_path / "elsewhere")
    one, two = "pipeline.core.music", "pipeline.report.page"
    assert seen_in(project).digest(one, two) == seen_in(other).digest(two, one)


def test_code_and_its_rename_are_different(project: Path) -> None:
    before = seen_in(project).digest("pipeline.readers")
    (project / "pipeline/core/music.py").rename(project / "pipeline/core/notes.py")
    (project / "pipeline/core/tables.py").write_text("import numpy\nfrom pipeline.core.notes import tie\n")
    assert seen_in(project).digest("pipeline.readers") != before


def test_the_key_of_a_cached_piece_covers_all_code_that_shapes_its_record() -> None:
    covered = code.closure("pipeline.corpora.parsing", "pipeline.formats.readers")
    readers = {name for name in code.modules() if name.startswith("pipeline.formats.readers")}
    assert readers <= covered
    assert {"pipeline.core.music", "pipeline.core.schemas", "pipeline.corpora.parsing.records"} <= covered


def test_checkpoints_are_kept_under_the_code_of_training_alone() -> None:
    for kind in ("lstm", "stepwise"):
        covered = code.closure("pipeline.training.experiment", f"pipeline.models.{kind}.network")
        rooms = {name.split(".")[1] for name in covered if "." in name}
        assert rooms == {"errors", "core", "workflow", "models", "training"}
        assert {"pipeline.training.loop", "pipeline.models.base.batches"} <= covered
