"""What the project's modules import, as the tests of its architecture ask for it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from pipeline.workflow.code import imports, modules


def name_at(module: str, depth: int) -> str:
    """The package of a module at a depth: 2 for top packages, 3 for their modules and folders."""
    return ".".join(module.split(".")[:depth])


def imported_by(module: str) -> set[str]:
    """The modules of this project that a module names; not the packages that they lie in."""
    return {name for name in imports(module) if name in modules()} - {module}


def circle(edges: Mapping[str, Iterable[str]]) -> list[str]:
    """A circle of a graph; empty where there is none."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        return [str(name) for name in error.args[1]]
    return []


def holds_code(module: str) -> bool:
    """Whether there is more in a module than its docstring."""
    file = modules()[module]
    return file.suffix != ".py" or len(ast.parse(file.read_bytes()).body) > 1
