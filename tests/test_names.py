"""One name, one meaning: no class name is defined twice in the package."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.helpers.paths import ROOT

FOLDERS = ("pipeline", "stages")


def classes(path: Path) -> Iterator[str]:
    """Names of all classes that a file defines, nested ones included."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def defined() -> dict[str, list[str]]:
    """Class name → the files that define it."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for name in classes(path):
                found[name].append(path.relative_to(ROOT).as_posix())
    return dict(found)


def test_no_class_name_is_defined_twice() -> None:
    assert {name: files for name, files in defined().items() if len(files) > 1} == {}
