"""The tree of errors in the docstring of pipeline/errors.py."""

import re
from pathlib import Path

from pipeline import errors

PACKAGE = Path(errors.__file__).parent
CLASS = re.compile(r"^class (\w+)\(PipelineError\)", re.MULTILINE)


def place(file: Path) -> str:
    """The package of a module and the module or folder in it: ``core.music``, ``formats.readers``."""
    return ".".join(file.relative_to(PACKAGE).with_suffix("").parts[:2])


def test_the_tree_lists_every_error_and_where_it_is_defined() -> None:
    listed = re.findall(r"── (\w+) +([\w.]+) ", errors.__doc__ or "")
    defined = [
        (name, place(file))
        for file in PACKAGE.rglob("*.py")
        for name in CLASS.findall(file.read_text(encoding="utf-8"))
    ]
    assert sorted(listed) == sorted(defined)
