"""The version of the code behind a result: a digest over everything that a module imports.

The piece cache, checkpoints and cross-validation store results under the digest of the code
that produced them, and a test compares dvc.yaml with the same import closure. Comments and
docstrings do not count, so editing them invalidates nothing.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("pipeline", "stages")
COMPILED = ".pyx"  # suffix of the source of a compiled module, whose every byte counts
SHAPE_NO_BYTE = ("pipeline.errors", "pipeline.workflow")  # edits here change no result


@cache
def modules() -> dict[str, Path]:
    """Every module of this project and its file, sorted by path."""
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py*")]
    return {_name(file): file for file in sorted(files) if file.suffix in (".py", COMPILED)}


def imports(module: str) -> frozenset[str]:
    """Names of all imports of a module, inside functions too; without ``TYPE_CHECKING`` blocks."""
    return _read(module).imports


@cache
def own_imports(module: str) -> frozenset[str]:
    """The modules of this project that a module imports, and the packages that contain them."""
    names = imports(module)
    packages = {
        ".".join(parts[:depth])
        for parts in (name.split(".") for name in names | {module})
        for depth in range(2, len(parts))
    }
    found = (names | packages) & modules().keys()
    return frozenset(found - {"pipeline", module})


def closure(*roots: str) -> frozenset[str]:
    """All modules of this project that some modules need, themselves included.

    >>> sorted(closure("pipeline.core.files"))
    ['pipeline.core', 'pipeline.core.files']
    """
    found, waiting = set(roots), list(roots)
    while waiting:
        new = own_imports(waiting.pop()) - found
        found |= new
        waiting += new
    return frozenset(found)


def digest(*roots: str) -> str:
    """The sha256 of all code that some modules import and that can change a result.

    Comments, docstrings and the modules of ``SHAPE_NO_BYTE`` do not count.

    Args:
        roots: names of modules, for example ``pipeline.corpora.parsing``.
    """
    found = hashlib.sha256()
    for name in sorted(closure(*roots)):
        if not f"{name}.".startswith(tuple(f"{room}." for room in SHAPE_NO_BYTE)):
            found.update(f"{name} {_read(name).digest}\n".encode())
    return found.hexdigest()


class _Module(NamedTuple):
    """What a module imports, and the sha256 of its code without docstrings."""

    imports: frozenset[str]
    digest: str


@cache
def _read(module: str) -> _Module:
    file = modules()[module]
    if file.suffix == COMPILED:
        return _Module(frozenset(), hashlib.sha256(file.read_bytes()).hexdigest())
    tree = ast.parse(file.read_bytes())
    names: set[str] = set()
    for node, is_for_types in _nodes(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:]
        elif is_for_types:
            continue
        elif isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= inner & modules().keys() or {node.module}
            names.add(node.module)
    return _Module(frozenset(names), hashlib.sha256(ast.dump(tree).encode()).hexdigest())


def _nodes(tree: ast.Module) -> Iterator[tuple[ast.AST, bool]]:
    """All nodes of a tree, each before those inside it, and whether it is in a ``TYPE_CHECKING`` block."""
    waiting: list[tuple[ast.AST, bool]] = [(tree, False)]
    while waiting:
        node, is_for_types = waiting.pop()
        yield node, is_for_types
        is_for_types |= isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        waiting.extend((inner, is_for_types) for inner in ast.iter_child_nodes(node))


def _name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
