"""Malformed files are refused by the right rule, in bounded time and memory; noise crashes no reader."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.isolation import Limits, run_isolated
from pipeline.readers import ReadError, ReadSettings, read, split
from pipeline.settings import read_section
from tests.readers.hostile import READ, Hostile, hostile_files

ROOT = Path(__file__).parent.parent.parent
SETTINGS = read_section(ReadSettings, "corpora", "oneills", "read", path=ROOT / "params.yaml")
LIMITS = Limits(seconds=30, memory_bytes=1 << 30)
GOOD = {hostile.name: hostile.content for hostile in hostile_files() if hostile.rule == READ}


def outcome(file: Hostile) -> str:
    """The rule that refuses a file, or READ."""
    try:
        for source in split(file.name, file.content, SETTINGS.limits):
            read(source, SETTINGS)
    except ReadError as error:
        return error.rule
    return READ


def test_every_malformed_file_is_refused_by_its_rule() -> None:
    files = list(hostile_files())
    assert len(files) >= 80
    found = dict(zip([file.name for file in files], run_isolated(outcome, files, LIMITS), strict=True))
    assert found == {file.name: file.rule for file in files}


def flip(content: bytes, dice: random.Random) -> bytes:
    spoilt = bytearray(content)
    for _ in range(dice.randint(1, 8)):
        spoilt[dice.randrange(len(spoilt))] = dice.randrange(256)
    return bytes(spoilt)


def cut(content: bytes, dice: random.Random) -> bytes:
    return content[: dice.randrange(len(content))]


def double(content: bytes, dice: random.Random) -> bytes:
    first, last = sorted(dice.randrange(len(content)) for _ in range(2))
    return content[:last] + content[first:last] * dice.randint(1, 3) + content[last:]


@pytest.mark.parametrize("spoil", [flip, cut, double])
@pytest.mark.parametrize("name", ["good.mxl", "utf-16.xml", "windows.abc", "latin-1.abc", "good.mid"])
def test_spoilt_files_are_read_or_refused(name: str, spoil: Callable[[bytes, random.Random], bytes]) -> None:
    dice = random.Random(name + spoil.__name__)
    files = [Hostile(name, spoil(GOOD[name], dice), "") for _ in range(100)]
    assert all(isinstance(found, str) for found in run_isolated(outcome, files, LIMITS))
