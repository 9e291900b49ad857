"""Files of annotated beats, and their conversion to ticks through a tempo map."""

from fractions import Fraction

import pytest

from pipeline.core.music import Beat
from pipeline.formats.readers import read, split
from pipeline.formats.readers.base.beats import BeatsError, beats_in_ticks, read_beats
from tests.helpers.midi_bytes import file, meta, note, track
from tests.helpers.notes_text import ticks
from tests.helpers.reading import READ

SET_TEMPO = 0x51
FORMATS = {
    "times alone": ("0.5\n1.0\n1.5\n", []),
    "place in the bar": ("0.5\t3\n1.0\t1\n1.5\t2\n", [1]),
    "place in the bar, and the bar": ("0.5\t4\t0\n1.0\t1\t1\n1.5\t2\t1\n", [1]),
    "flags of two kinds of bars": ("0.5 1.0 0.0\n1.0 0.0 0.0\n1.5 1.0 1.0\n", [2]),
    "labels": ("0.5\t0.5\tdb,4/4,0\n1.0\t1.0\tb\n1.5\t1.5\tbR\n", [0]),
    "comments, names of the columns, other line ends": (
        "# beats\r\ntime,beat\r\n0.5,1\r\n1.0,2\r\n\r\n1.5,1",
        [0, 2],
    ),
    "downbeats throughout": ("0.5 1\n1.0 1\n1.5 1\n", []),
}
DAMAGED = {
    "no text": (b"\xff\xfe\x00", "UTF-16"),
    "nothing": (b"", "0 beats"),
    "one beat": (b"0.5\n", "1 beat;"),
    "words": (b"0.5\nhalf past\n1.5\n", "line 2"),
    "a cut line": (b"0.5 1\n1.0\n1.5 1\n", "columns"),
    "no number": (b"0.5\nnan\n1.5\n", "line 2"),
    "a huge exponent": (b"0.5\n1e999999999\n", "line 2"),
    "times that go back": (b"0.5\n1.5\n1.0\n", "line 3"),
    "a time twice": (b"0.5\n0.5\n1.0\n", "line 2"),
    "another column": (b"0.5 0.93\n1.0 0.2\n", "second column"),
}


@pytest.mark.parametrize("kind", FORMATS)
def test_the_published_formats_are_read(kind: str) -> None:
    text, downbeats = FORMATS[kind]
    found = read_beats(text.encode())
    assert [time for time, _ in found] == [Fraction(1, 2), 1, Fraction(3, 2)]
    assert [place for place, (_, down) in enumerate(found) if down] == downbeats


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_file_is_refused_with_the_reason(kind: str) -> None:
    content, reason = DAMAGED[kind]
    with pytest.raises(BeatsError, match=reason):
        read_beats(content)


def test_seconds_become_ticks_through_every_tempo() -> None:
    tempi = [
        (Fraction(0), Fraction(120)),
        (Fraction(ticks("2")), Fraction(60)),
        (Fraction(ticks("3")), Fraction(90)),
    ]
    times = [(Fraction(text), False) for text in ("0.5", "1", "1.5", "2", "8/3")]
    assert [beat.onset for beat in beats_in_ticks(times, tempi)] == [
        ticks(q) for q in ("1", "2", "5/2", "3", "4")
    ]


def test_beats_too_close_for_different_ticks_are_refused() -> None:
    with pytest.raises(BeatsError, match="tick"):
        beats_in_ticks(
            [(Fraction(1), False), (Fraction(100001, 100000), False)], [(Fraction(0), Fraction(120))]
        )


def test_a_midi_file_gets_its_beats() -> None:
    tempo = meta(SET_TEMPO, (1_000_000).to_bytes(3, "big"), delta=480)  # 60 from the second quarter on
    (source,) = split("a.mid", file(track(tempo), track(note(0, 480, 60), note(0, 480, 62))))
    with_beats = type(source)(source.name, source.format, source.content, beats=b"0 1\n0.5 2\n1.5 1\n")
    piece = read(with_beats, READ)
    assert piece.beats == (Beat(0, True), Beat(ticks("1"), False), Beat(ticks("2"), True))
    assert read(source, READ).beats is None


def test_a_score_without_a_tempo_map_keeps_the_reason() -> None:
    (source,) = split("a.abc", b"X:1\nK:C\nCDEF|\n")
    piece = read(type(source)(source.name, source.format, source.content, beats=b"0\n1\n"), READ)
    assert piece.beats is None
    assert "tempo map" in piece.beats_fault
