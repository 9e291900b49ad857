"""Malformed files are refused by the right rule in bounded time and memory; no reader crashes."""

import pytest

from pipeline.corpora.parsing.isolation import ChildLimits, run_isolated
from pipeline.formats.readers import FORMATS, ReadError, read, split
from tests.helpers import reading
from tests.helpers.fuzzing import outcomes, seeds, spoil
from tests.helpers.hostile import READ, Hostile, hostile_files

LIMITS = ChildLimits(seconds=30, memory_bytes=1 << 30)


def outcome(file: Hostile) -> str:
    """The rule that refuses a file, or READ."""
    try:
        for source in split(file.name, file.content, reading.LIMITS):
            read(source, reading.READ, reading.LIMITS)
    except ReadError as error:
        return error.rule
    return READ


def test_every_malformed_file_is_refused_by_its_rule() -> None:
    files = list(hostile_files())
    assert len(files) >= 80
    found = dict(zip([file.name for file in files], run_isolated(outcome, files, LIMITS), strict=True))
    assert found == {file.name: file.rule for file in files}


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_corrupted_files_are_read_or_refused(name: str) -> None:
    good = {name: seeds()[name]}
    files = [spoil(good, seed=7, number=number) for number in range(40)]
    findings = [(file.number, found) for file, found in outcomes(files) if not isinstance(found, str)]
    assert findings == []
