"""Files that code, settings and documents name exist."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.helpers.paths import ROOT

SUFFIXES = (".py", ".yaml", ".md", ".toml", ".js", ".j2")
PATH = re.compile(
    r"(?<![\w/.-])(?:pipeline|stages|tests|docs|examples)/[\w/.-]*\.(?:py|md|yaml|json|j2|js)\b"
)
OF_ANOTHER_PACKAGE = ("tests/workflow/test_code.py",)  # one that the test writes
OTHER_DOCUMENTS = re.compile(r"\b(?:DESIGN|STYLE|BENCHMARKS)(?:\.md)? ?\d|\b(?:DESIGN|BENCHMARKS)\.md\b")


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [
        name
        for name in listed.splitlines()
        if name.endswith(SUFFIXES) and not name.startswith("data/") and (ROOT / name).exists()
    ]


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="git lists the files")
def test_every_file_that_is_named_exists() -> None:
    missing = {
        f"{name}: {path}"
        for name in tracked()
        if name not in OF_ANOTHER_PACKAGE
        for path in PATH.findall((ROOT / name).read_text(encoding="utf-8"))
        if not (ROOT / path).exists() and "KIND" not in path
    }
    assert sorted(missing) == []


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="git lists the files")
def test_no_document_is_cited_that_is_not_here() -> None:
    own = Path(__file__).relative_to(ROOT).as_posix()
    texts = {name: (ROOT / name).read_text(encoding="utf-8") for name in tracked() if name != own}
    assert [name for name, text in texts.items() if OTHER_DOCUMENTS.search(text)] == []
