"""The tree of errors in the docstring of pipeline/errors.py, and the text of other libraries in messages."""

import ast
import builtins
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from pipeline import errors

PACKAGE = Path(errors.__file__).parent
ROOT = PACKAGE.parent
FILES = [file for folder in ("pipeline", "stages") for file in sorted((ROOT / folder).rglob("*.py"))]
CLASS = re.compile(r"^class (\w+)\(PipelineError\)", re.MULTILINE)
# of an exception: what the operating system or Python words, without text of a file
SAFE_ATTRIBUTES = {"strerror", "errno", "start", "winerror"}
SAFE_FUNCTIONS = {"message_of", "safe", "safe_line"}
OWN_RULES = {  # (file, code) that puts no text of a library into a message of this project
    ("pipeline/__init__.py", "str(error)"),  # ModuleNotFoundError, raised again as such
    ("pipeline/cli/__init__.py", "{error.format_message()}"),  # about an argument, by Typer
    ("pipeline/core/settings.py", "str(error.problem)"),  # is searched for a key
    ("pipeline/workflow/cluster.py", "str(error)"),  # whether it is empty
    ("pipeline/core/files.py", "str(error)"),  # is compared with messages of the system
    ("pipeline/corpora/parsing/splitting.py", "{error!r}"),  # a bug in a reader, escaped by repr
}


class Caught(NamedTuple):
    """An exception as a function names it: its types as far as they are known, and the code that has it."""

    name: str
    types: list[object]
    body: list[ast.stmt]


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


def types_of(node: ast.expr, module: object) -> list[object]:
    """The classes that an ``except`` or an annotation names; a name that is imported late stays text."""
    if isinstance(node, ast.Tuple):
        return [found for part in node.elts for found in types_of(part, module)]
    if isinstance(node, ast.BinOp):
        return types_of(node.left, module) + types_of(node.right, module)
    value: object = module
    for name in ast.unparse(node).split("."):
        value = getattr(value, name, None) or getattr(builtins, name, None)
    return list(value) if isinstance(value, tuple) else [value or ast.unparse(node)]


def is_foreign(kind: object) -> bool:
    """Whether a type is an exception that another library defines."""
    if isinstance(kind, type):
        return issubclass(kind, BaseException) and not kind.__module__.startswith("pipeline.")
    return isinstance(kind, str) and re.search(r"Error|Exception|Killed", kind) is not None


def caught(file: Path) -> Iterator[Caught]:
    """The exceptions of other libraries that a file handles: in ``except``, and as arguments."""
    name = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    module = importlib.import_module(name)
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        found = []
        if isinstance(node, ast.ExceptHandler) and node.name and node.type:
            found = [Caught(node.name, types_of(node.type, module), node.body)]
        if isinstance(node, ast.FunctionDef):
            arguments = [argument for argument in node.args.args if argument.annotation]
            found = [
                Caught(argument.arg, types_of(argument.annotation, module), node.body)
                for argument in arguments
                if argument.annotation
            ]
        yield from (each for each in found if any(map(is_foreign, each.types)))


def raw_texts(code: ast.AST, name: str) -> Iterator[str]:
    """The places in some code that turn an exception into text as it is.

    A function that gets the exception is checked where it is defined, by the annotation of its argument.
    """
    if called(code) in SAFE_FUNCTIONS:
        return
    names = [part.id for part in plain_parts(code) if isinstance(part, ast.Name)]
    if name in names and isinstance(code, ast.FormattedValue):
        yield ast.unparse(ast.JoinedStr([code]))[2:-1]
        return
    if name in names and called(code) in ("str", "repr"):
        yield ast.unparse(code)
        return
    for part in ast.iter_child_nodes(code):
        yield from raw_texts(part, name)


def called(code: ast.AST) -> str | None:
    """The name of the function that is called."""
    return code.func.id if isinstance(code, ast.Call) and isinstance(code.func, ast.Name) else None


def plain_parts(code: ast.AST) -> Iterator[ast.AST]:
    """The parts of an expression, except for arguments of other functions and for safe attributes."""
    for part in ast.iter_child_nodes(code):
        other_function = called(part) not in (None, "str", "repr")
        if not other_function and not (isinstance(part, ast.Attribute) and part.attr in SAFE_ATTRIBUTES):
            yield part
            yield from plain_parts(part)


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('f"{path}: {error}"', ["{error}"]),
        ('f"{path}: {message_of(error)} ({error.strerror})"', []),
        ('say(f"{str(error)[:9]}")', ["{str(error)[:9]}"]),
        ("Refused(str(error))", ["str(error)"]),
        ('f"{type(error).__name__}: {error!r}"', ["{error!r}"]),
        ('f"{error.reason}"', ["{error.reason}"]),
        ("log(other)", []),
    ],
)
def test_text_of_an_exception_is_found(code: str, found: list[str]) -> None:
    assert list(raw_texts(ast.parse(code), "error")) == found


def test_texts_of_other_libraries_become_one_safe_line() -> None:
    """Their messages contain line feeds, and control characters of damaged files."""
    raw = {
        (file.relative_to(ROOT).as_posix(), text)
        for file in FILES
        if file.stem != "__main__"
        for each in caught(file)
        for code in each.body
        for text in raw_texts(code, each.name)
    }
    assert raw == OWN_RULES
