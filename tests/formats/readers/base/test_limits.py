"""Every limit of ``corpora.KEY.limits``: values within it, and the error beyond it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from pipeline.formats import readers
from pipeline.formats.readers import ReadError, ReadLimits
from pipeline.formats.readers.base.limits import MIB, read_bytes
from tests.helpers.hostile import NOTE, score, zipped
from tests.helpers.reading import LIMITS, READ

TUNES = b"X:1\nL:1/4\nK:C\nCDE\n\nX:2\nL:1/4\nK:C\nCDEF\n"
BAR = b"**kern\n4c\n4d\n4e\n4f\n*-\n"
CHORALE = json.dumps({"train": [[[60, 55, 52, 48], [62, 55, 53, 47]]]}).encode()
SIX = score(NOTE * 6).encode()
MIDI = (
    b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x00\x60MTrk\x00\x00\x00\x11"
    b"\x00\x90\x3c\x50\x60\x3c\x00\x00\x3e\x50\x60\x3e\x00\x00\xff\x2f\x00"
)


def within(**limits: Any) -> ReadLimits:
    """The settings with some limits changed."""
    return LIMITS.model_copy(update=limits)


def read_all(content: bytes, limits: ReadLimits) -> int:
    """How many pieces a file holds, all of them read."""
    return len([readers.read(source, READ, limits) for source in readers.split("a", content, limits)])


@pytest.mark.parametrize(
    ("content", "limit", "rule", "found"),
    [
        (zipped({"a.xml": SIX, "b.xml": SIX}), "max_members", "too_many_members", 2),
        (SIX, "max_depth", "too_deep", 6),
        (CHORALE, "max_depth", "too_deep", 4),
        (SIX, "max_notes", "too_many_notes", 6),
        (TUNES, "max_notes", "too_many_notes", 4),
        (BAR, "max_notes", "too_many_notes", 4),
        (CHORALE, "max_notes", "too_many_notes", 7),
        (MIDI, "max_notes", "too_many_notes", 2),
        (b"tinyNotation: c4 d e", "max_notes", "too_many_notes", 3),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_number_is_allowed_up_to_its_limit(content: bytes, limit: str, rule: str, found: int) -> None:
    assert read_all(content, within(**{limit: found})) >= 1
    with pytest.raises(ReadError) as refused:
        read_all(content, within(**{limit: found - 1}))
    assert (refused.value.rule, refused.value.value, refused.value.limit) == (rule, found, found - 1)
    assert f"allowed are {found - 1}" in str(refused.value)


@pytest.mark.parametrize("reader", ["auto", "music21"])
def test_nesting_is_limited_in_both_readers(reader: str) -> None:
    settings = within(max_depth=5).model_copy(update={"reader": reader})
    with pytest.raises(ReadError, match="allowed are 5"):
        read_all(SIX, settings)


@pytest.mark.parametrize("content", [SIX, zipped({"a.xml": SIX}), TUNES], ids=["plain", "archive", "tunes"])
def test_what_the_pieces_take_unpacked_is_limited(content: bytes) -> None:
    readers.split("a", content, within(max_unpacked_mib=2 * len(SIX) / MIB))
    with pytest.raises(ReadError) as refused:
        readers.split("a", content, within(max_unpacked_mib=30 / MIB))
    assert refused.value.rule == "unpacks_too_large"
    assert refused.value.limit == 30 / MIB


def test_a_file_is_measured_before_it_is_read(tmp_path: Path) -> None:
    limits = within(max_file_mib=1)
    (tmp_path / "fits.abc").write_bytes(b"%" * MIB)
    assert len(read_bytes(tmp_path / "fits.abc", limits)) == MIB
    with (tmp_path / "huge.abc").open("wb") as file:
        os.truncate(file.fileno(), 2**40)  # a terabyte of nothing takes no place on the disk
    with pytest.raises(ReadError) as refused:
        read_bytes(tmp_path / "huge.abc", limits)
    assert (refused.value.rule, refused.value.value, refused.value.limit) == ("too_large", 2**20, 1)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="Linux' own")
def test_reading_a_device_of_reported_size_zero_ends() -> None:
    with pytest.raises(ReadError, match="allowed are 1"):
        read_bytes(Path("/dev/zero"), within(max_file_mib=1))
