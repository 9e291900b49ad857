"""What the code must not do with what it is given: run it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.paths import ROOT

FILES = sorted(file for top in ("pipeline", "stages") for file in (ROOT / top).rglob("*.py"))

# Functions that may run what they read, or hand text to a shell.
FORBIDDEN = {
    *("eval", "exec", "compile", "__import__", "os.system", "os.popen", "pickle.load", "pickle.loads"),
    *("marshal.load", "marshal.loads", "shelve.open", "yaml.load", "yaml.unsafe_load", "pd.read_pickle"),
    *("dill.load", "joblib.load", "cloudpickle.load", "cloudpickle.loads", "tarfile.extractall"),
}
# and what makes others of them safe
NEEDED = {"torch.load": ("weights_only", True), "YAML": ("typ", "safe")}
UNSAFE_ARGUMENTS = {"shell": True, "allow_pickle": True}


def calls(text: str) -> Iterator[tuple[str, dict[str, object]]]:
    """Dotted name and constant keyword arguments of each call."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            arguments = {
                keyword.arg: keyword.value.value
                for keyword in node.keywords
                if keyword.arg and isinstance(keyword.value, ast.Constant)
            }
            yield ast.unparse(node.func), arguments


def faults(text: str) -> list[str]:
    """The calls that may run what they are given."""
    found = []
    for name, arguments in calls(text):
        if name in FORBIDDEN or name.endswith((".extractall", ".Unpickler")):
            found.append(name)
        if name in NEEDED and arguments.get(NEEDED[name][0]) != NEEDED[name][1]:
            found.append(f"{name} without {NEEDED[name]}")
        found += [f"{name}({key})" for key, value in UNSAFE_ARGUMENTS.items() if arguments.get(key) == value]
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_input_files_are_never_executed(file: Path) -> None:
    assert faults(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        "import pickle; pickle.loads(x)",
        "torch.load(x)",
        "np.load(x, allow_pickle=True)",
        "subprocess.run(x, shell=True)",
        "YAML().load(x)",
        "archive.extractall(x)",
        "eval(x)",
    ],
)
def test_calls_that_could_execute_input_are_detected(text: str) -> None:
    assert faults(text)


def test_music21_never_loads_its_pickled_parses() -> None:
    door = (ROOT / "pipeline/formats/readers/music21_reference.py").read_text(encoding="utf-8")
    parsing = [arguments for name, arguments in calls(door) if name.endswith((".parse", ".parseData"))]
    assert parsing
    assert all(arguments.get("forceSource") is True for arguments in parsing)
