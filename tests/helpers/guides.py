"""The README and the guides: their blocks of code, and entries that they show for params.yaml."""

from __future__ import annotations

import re

from tests.helpers.paths import ROOT

DOCUMENTS = [
    "README.md",
    "CONTRIBUTING.md",
    *sorted(f"docs/{file.name}" for file in (ROOT / "docs").glob("*.md")),
]
GROUPS = ("corpora", "datasets", "experiments")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(document: str, language: str) -> list[str]:
    """The blocks of a document in one language."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return [body for name, body in BLOCK.findall(text) if name == language]


def entries(document: str) -> list[str]:
    """The blocks of a document that are entries for params.yaml, each below the name of its group."""
    return [block for block in blocks(document, "yaml") if block.split(":")[0] in GROUPS]


def pasted(params: str, block: str) -> str:
    """The text of a params.yaml with the entries of a block at the end of their group."""
    group, _, body = block.partition(":\n")
    head, start, rest = params.partition(f"\n{group}:\n")
    own = re.match(r"(?:[ #].*\n|\n)*", rest)
    assert start
    assert own
    return f"{head}{start}{own[0]}{body}{rest[own.end() :]}"
