"""Figures in documents and the files that they come from."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from tests.helpers.paths import ROOT

NUMBER = r"\**([\N{MINUS SIGN}+]?(?:\d[\d.,]*)?\d)\**"  # the best of a row is bold
INTERVAL = "{} [{}, {}]"
Load = Callable[[str], Any]  # the content of a file of the repository


@dataclass(frozen=True)
class Claim:
    """A passage of a document whose numbers are computed from files.

    Attributes:
        document: path in the repository.
        text: the passage; ``{}`` is a number, ``{~}`` a number of another claim, a space any white space.
        sources: JSON or Parquet files that the numbers come from.
        numbers: computes the numbers from the contents of the sources, as they are written.
    """

    document: str
    text: str
    sources: tuple[str, ...]
    numbers: Callable[..., list[str]]

    @property
    def pattern(self) -> re.Pattern[str]:
        escaped = re.escape(self.text).replace(r"\ ", r"\s+")
        return re.compile(escaped.replace(r"\{\~\}", NUMBER.replace("(", "(?:", 1)).replace(r"\{\}", NUMBER))

    def expected(self, load: Load) -> list[str]:
        """The numbers as the document must write them."""
        return self.numbers(*(load(source) for source in self.sources))

    def found(self) -> re.Match[str]:
        """The passage in the document.

        Raises:
            ValueError: the document does not have the passage, or has it twice.
        """
        matches = list(self.pattern.finditer((ROOT / self.document).read_text(encoding="utf-8")))
        if len(matches) != 1:
            raise ValueError(f"{self.document}: {len(matches)} passages {self.text!r}; exactly 1 is expected")
        return matches[0]


def in_working_tree(path: str) -> Any:
    """The content of a file as it is now: parsed JSON, or a data frame."""
    if path.endswith(".parquet"):
        return pd.read_parquet(ROOT / path)
    return json.loads((ROOT / path).read_text(encoding="utf-8"))


def committed(path: str) -> Any:
    """The content of a JSON file in the last commit."""
    done = subprocess.run(["git", "show", f"HEAD:{path}"], cwd=ROOT, capture_output=True, check=True)
    return json.loads(done.stdout)


def fixed(value: float, digits: int = 3, sign: str = "-") -> str:
    """A number with a fixed number of decimals and a typographic minus sign."""
    return f"{value:{sign}.{digits}f}".replace("-", "\N{MINUS SIGN}")


def interval(found: dict[str, Any], sign: str = "-") -> list[str]:
    """Value, low and high; ``sign`` as in a format specification."""
    return [fixed(found[key], sign=sign) for key in ("value", "low", "high")]


def count(number: int) -> str:
    return f"{number:,}"


def mismatches(claims: Sequence[Claim]) -> Iterator[tuple[Claim, list[str], list[str]]]:
    """Claims with their numbers in the document and in the files of the working tree, where these differ."""
    for claim in claims:
        if not all((ROOT / source).exists() for source in claim.sources):
            print(f"{claim.document}: not checked, no {' or '.join(claim.sources)}: {claim.text}")
            continue
        found, expected = list(claim.found().groups()), claim.expected(in_working_tree)
        if found != expected:
            yield claim, found, expected


def write(claim: Claim, expected: Sequence[str]) -> None:
    """Replace the numbers of a claim in its document."""
    path, match = ROOT / claim.document, claim.found()
    text = path.read_text(encoding="utf-8")
    for group in range(len(expected), 0, -1):
        start, end = match.span(group)
        text = text[:start] + expected[group - 1] + text[end:]
    path.write_text(text, encoding="utf-8")
