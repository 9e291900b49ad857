"""Plain English: no private metaphors in prose.

Prose is every docstring, comment and text with a space in Python files, all of Markdown files but
code, and the comments of YAML files. Test names are prose, too.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator

import pytest

from tests.helpers.paths import ROOT

# Words of speech, hearing and standing for software, and other words that are not technical English.
PRIVATE = re.compile(
    r"\b(?:says?|said|saying|sayer|tells?|told|telling|hears?|heard|stands?|stood|standing|beside|anew"
    r"|whom?ever|likeliest|spoilt|dealt|asked of|ledgers?|(?:the|own|whole) books"
    r"|(?:goes|go|went|going) on|bec(?:omes?|ame) of|held against|holds? against|summed up"
    r"|all the same|as it stands|on its own account|by heart|an? (?:row|column|step|line) an?)\b",
    re.IGNORECASE,
)
LISTS = ("test_language.py", "test_terms.py")  # files that list the words themselves
# Texts that contain such a word for a reason, by file.
ALLOWED = {
    "pipeline/notebook.py": ("decode_row, hear, open_dataset", "hear(grid"),  # a public function
    "tests/helpers/figure_rows.py": ("chosen anew in each fold",),  # a row of a published table
    "tests/workflow/test_code.py": ("def say", "import say"),  # code of the example package
}
CODE_BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"``.+?``|`[^`\n]+`")


def covered() -> list[str]:
    """The files that this test reads, relative to the root of the project."""
    files = [ROOT / "README.md", ROOT / "params.yaml"]
    files += [file for folder in ("pipeline", "stages", "tests") for file in (ROOT / folder).rglob("*.py")]
    files += [*(ROOT / "docs").glob("*.md"), *(ROOT / "pipeline/tools").rglob("*.yaml")]
    return sorted(file.relative_to(ROOT).as_posix() for file in files if file.name not in LISTS)


def prose(name: str, text: str) -> Iterator[str]:
    """The prose of a file.

    >>> list(prose("a.py", 'x = "one"  # Two.'))
    ['# Two.']
    """
    if name.endswith(".md"):
        yield CODE.sub("", CODE_BLOCK.sub("", text))
    elif name.endswith(".yaml"):
        yield from re.findall(r"(?:^|\s)#.*", text)
    else:
        yield from _of_python(text)


def _of_python(text: str) -> Iterator[str]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield CODE.sub("", node.value)
        elif isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.name.replace("_", " ")


def private_words(name: str, text: str) -> list[str]:
    """The private words of a file, each with the text around it."""
    found = []
    for passage in prose(name, text):
        for allowed in ALLOWED.get(name, ()):
            passage = passage.replace(allowed, "")
        found += [
            passage[max(0, match.start() - 30) : match.end() + 30].replace("\n", " ")
            for match in PRIVATE.finditer(passage)
        ]
    return found


@pytest.mark.parametrize("name", covered())
def test_prose_has_no_private_words(name: str) -> None:
    assert private_words(name, (ROOT / name).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", '"""What the model says."""'),
        ("a.py", "x = 1  # told once"),
        ("a.py", 'print(f"{1} pieces stand in a row")'),
        ("a.py", "def test_a_model_goes_on() -> None: ..."),
        ("a.md", "Weights are trained anew."),
        ("a.yaml", "x: 1  # whoever reads it"),
    ],
)
def test_a_private_word_is_found(name: str, text: str) -> None:
    assert private_words(name, text) != []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", "say = told = 1"),
        ("a.py", '"""The standard library, ``say`` and `tell`."""'),
        ("a.md", "Call `hear`.\n\n```\nsay it\n```\n"),
        ("a.yaml", "said_error: 1"),
    ],
)
def test_code_and_technical_words_are_not_prose(name: str, text: str) -> None:
    assert private_words(name, text) == []
