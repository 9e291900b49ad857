"""Rules for the tests themselves."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.paths import ROOT

FILES = [
    file
    for file in sorted((ROOT / "tests").rglob("*.py"))
    if file.relative_to(ROOT).parts[1] not in ("helpers", "benchmarks")
]
HELPERS = sorted((ROOT / "tests/helpers").glob("*.py"))
PATCHES = ("setattr", "delattr", "patch", "object")
# These read every entry of the user's params.yaml, and need none of them.
READ_ALL_OF_PARAMS = (
    *("test_overrides.py", "test_parameters.py", "test_schema.py", "test_documents.py", "test_language.py"),
    *("test_example_params.py", "example_params.py"),  # an example is merged into the user's file
)


def names_of(files: list[Path]) -> list[str]:
    return [file.relative_to(ROOT).as_posix() for file in files]


def nodes(file: str) -> Iterator[ast.AST]:
    return ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8")))


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):  # a program for a process of its own
        return re.findall(r"(?:from|import) (tests\.[\w.]+)", node.value)
    return []


def is_private(name: object) -> bool:
    """Whether a part of a dotted name begins with one underscore."""
    return isinstance(name, str) and any(re.match(r"_(?!_)", part) for part in name.split("."))


@pytest.mark.parametrize("file", names_of([*FILES, *HELPERS]))
def test_nothing_imports_a_test_module_a_conftest_or_a_benchmark(file: str) -> None:
    found = [name for node in nodes(file) for name in imported(node) if name.startswith("tests.")]
    assert [name for name in found if not name.startswith("tests.helpers")] == []


@pytest.mark.parametrize("file", names_of(FILES))
def test_no_test_sleeps(file: str) -> None:
    """``tests.helpers.waiting`` waits for a condition."""
    assert re.findall(r"\bsleep\(", (ROOT / file).read_text(encoding="utf-8").replace(r"\bsleep\(", "")) == []


@pytest.mark.parametrize("file", names_of([*FILES, *HELPERS]))
def test_no_test_imports_or_patches_a_private_name(file: str) -> None:
    calls = [
        node for node in nodes(file) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    patched = [
        argument.value
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr in PATCHES
        for argument in call.args[:2]
        if isinstance(argument, ast.Constant)
    ]
    own = [name for node in nodes(file) for name in imported(node) if name.startswith(("pipeline", "stages"))]
    assert [name for name in [*patched, *own] if is_private(name)] == []


@pytest.mark.parametrize("file", names_of([*FILES, *HELPERS]))
def test_no_test_needs_an_entry_of_the_users_params(file: str) -> None:
    reads = [
        node
        for node in nodes(file)
        if isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Div)
        and ast.unparse(node) in ("ROOT / 'params.yaml'", "Path('params.yaml')")
    ]
    assert not reads or Path(file).name in READ_ALL_OF_PARAMS
