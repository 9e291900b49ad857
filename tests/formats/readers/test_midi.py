"""MIDI files built byte by byte, one behaviour each."""

import random

import pytest

from pipeline.core.music import Meter, Part, Piece
from pipeline.formats.readers import ReadError, midi
from tests.helpers.reading import READ

END = b"\x00\xff\x2f\x00"


def number(value: int) -> bytes:
    """A variable-length quantity."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(0x80 | value & 0x7F)
    return bytes(reversed(digits))


def note(onset_after: int, length: int, pitch: int, channel: int = 0) -> bytes:
    return (
        number(onset_after)
        + bytes([0x90 | channel, pitch, 80])
        + number(length)
        + bytes([0x80 | channel, pitch, 0])
    )


def track(*events: bytes) -> bytes:
    body = b"".join(events) + END
    return b"MTrk" + len(body).to_bytes(4, "big") + body


def file(*tracks: bytes, kind: int = 1, division: int = 480) -> bytes:
    header = kind.to_bytes(2, "big") + len(tracks).to_bytes(2, "big") + division.to_bytes(2, "big")
    return b"MThd\x00\x00\x00\x06" + header + b"".join(tracks)


def read(content: bytes) -> Piece:
    return midi.read(midi.split(content)[0].content, READ)


def part(*events: bytes, division: int = 480) -> Part:
    return read(file(track(*events), division=division)).parts[0]


def test_a_quarter_is_10080_ticks() -> None:
    found = part(note(0, 480, 60), note(480, 240, 62))
    assert found.onset.tolist() == [0, 960 * 21]
    assert found.duration.tolist() == [10080, 5040]
    assert found.pitch.tolist() == [60, 62]


def test_triplets_are_exact_and_odd_divisions_are_counted() -> None:
    assert part(note(0, 160, 60)).duration.tolist() == [3360]
    odd = part(note(0, 5, 60), division=11)
    assert odd.duration.tolist() == [4582]
    assert odd.n_inexact == 1


def test_notes_that_begin_together_fall_in_pitch() -> None:
    chord = number(0) + bytes([0x90, 60, 80]) + number(0) + bytes([0x90, 67, 80])
    chord += number(480) + bytes([0x80, 60, 0]) + number(0) + bytes([0x80, 67, 0])
    assert part(chord).pitch.tolist() == [67, 60]


def test_metre_and_key_and_the_bars_they_imply() -> None:
    metre, key = b"\x00\xff\x58\x04\x03\x02\x18\x08", b"\x00\xff\x59\x02\xff\x01"
    found = part(metre, key, note(0, 3 * 480, 60), note(0, 3 * 480, 62))
    assert found.meters == (Meter(0, 3, 4),)
    assert (found.key_fifths, found.key_mode) == (-1, "minor")
    assert found.bar_onsets == (0, 30240)


def test_without_a_metre_no_bars_are_known() -> None:
    assert part(note(0, 480, 60)).bar_onsets is None


def test_every_track_is_a_part() -> None:
    piece = read(file(track(note(0, 480, 72)), track(note(0, 480, 48))))
    assert [found.pitch.tolist() for found in piece.parts] == [[72], [48]]


def test_percussion_is_left_out_and_named() -> None:
    piece = read(file(track(note(0, 480, 72)), track(b"\x00\xff\x03\x05Drums", note(0, 480, 38, channel=9))))
    assert len(piece.parts) == 1
    assert piece.left_out == (("Drums", "percussion"),)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (file(track(note(0, 480, 38, channel=9))), "percussion"),
        (file(track()), "no_notes"),
        (file(track(note(0, 0, 60))), "no_notes"),
        (file(track(note(0, 480, 60)), kind=2), "unsupported"),
        (file(track(note(0, 480, 60)), division=0xE728), "unsupported"),
        (file(track(note(0, 480, 60)), division=0), "unreadable"),
        (file(track(note(0, 480, 0))), "pitch_out_of_range"),
        (b"MThd", "unreadable"),
        (file(track(note(0, 480, 60)))[:30], "unreadable"),
    ],
)
def test_what_cannot_be_read_has_a_rule(content: bytes, rule: str) -> None:
    with pytest.raises(ReadError) as refused:
        read(content)
    assert refused.value.rule == rule


def test_noise_is_refused_and_never_crashes() -> None:
    good = bytearray(file(track(*(note(0, 240, 60 + i) for i in range(12)))))
    dice = random.Random(1)
    for _ in range(500):
        bad = bytearray(good)
        for _ in range(dice.randint(1, 6)):
            bad[dice.randrange(len(bad))] = dice.randrange(256)
        try:
            piece = read(bytes(bad[: dice.randint(14, len(bad))]))
        except ReadError:
            continue
        assert all((found.duration > 0).all() for found in piece.parts)
