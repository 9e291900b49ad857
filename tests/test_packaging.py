"""pyproject.toml lists what the package imports; reading and encoding need none of the extras."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from pipeline.errors import EXTRAS
from pipeline.workflow.code import imports, modules
from tests.helpers.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MODULES = {"ruamel.yaml": "ruamel", "vl-convert-python": "vl_convert"}  # by the name of the distribution
WITHOUT_EXTRAS = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {extras}:
            raise ModuleNotFoundError(f"No module named '{{name}}'", name=name)

sys.meta_path.insert(0, Missing())
"""


def names(requirements: list[str]) -> set[str]:
    """Modules of some requirements."""
    found = {re.split(r"[<>=\[]", requirement)[0] for requirement in requirements}
    return {MODULES.get(name, name.replace("-", "_")) for name in found}


def without_extras(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program that finds no library of an extra."""
    program = WITHOUT_EXTRAS.format(extras=sorted(EXTRAS)) + code
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_everything_that_is_imported_is_required() -> None:
    extras = PROJECT["optional-dependencies"]
    required = names(PROJECT["dependencies"]) | set().union(*map(names, extras.values()))
    used = {
        name.partition(".")[0]
        for module in modules()
        if module.startswith("pipeline")
        for name in imports(module)
    }
    foreign = used - set(sys.stdlib_module_names) - {"pipeline", "stages"}
    assert foreign <= required


@pytest.mark.parametrize("library", EXTRAS)
def test_an_extra_has_the_library_that_its_message_names(library: str) -> None:
    assert library in names(PROJECT["optional-dependencies"][EXTRAS[library]])


def test_a_score_is_read_encoded_and_saved_without_any_extra(tmp_path: Path) -> None:
    code = """
import pipeline
grid = pipeline.read("tinyNotation: 4/4 c4 d e f").quantize()
print(pipeline.decode(pipeline.encode(grid), like=grid).save("tune.musicxml"))
"""
    done = without_extras(code, tmp_path)
    assert done.stdout == "tune.musicxml\n", done.stderr


@pytest.mark.parametrize(
    "code",
    [
        "import pipeline; pipeline.load_model",
        "from pipeline.cli import main; main(['generate', '--experiment', 'a', '--prompt', 'b.abc'])",
    ],
)
def test_a_missing_extra_is_named_in_the_error(code: str, tmp_path: Path) -> None:
    done = without_extras(code, tmp_path)
    assert done.returncode == 1
    assert "torch" in done.stderr
    assert "pip install 'entchen[models]'" in done.stderr


def test_the_command_is_installed_with_the_package() -> None:
    assert PROJECT["scripts"] == {"entchen": "pipeline.cli:main"}


@pytest.mark.skipif(sys.platform == "win32", reason="CC names the compiler elsewhere")
def test_the_package_can_be_built_without_a_compiler(tmp_path: Path) -> None:
    readers = Path("pipeline/formats/readers/midi")
    (tmp_path / readers).mkdir(parents=True)
    for file in (Path("setup.py"), readers / "_compiled.pyx"):
        shutil.copy(ROOT / file, tmp_path / file)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "entchen"\nversion = "1"\n')
    command = [sys.executable, "setup.py", "build_ext", "--inplace"]
    environment = {**os.environ, "CC": "/bin/false"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "_compiled" in done.stderr  # which could not be built
    assert not [*tmp_path.rglob("*.so")]
