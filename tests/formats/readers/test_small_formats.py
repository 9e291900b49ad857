"""tinyNotation and the JSB chorales' JSON."""

import json
import random
import warnings
from fractions import Fraction

import pytest

from pipeline.core.music import Meter
from pipeline.formats.readers import ReadError, jsb_json, split, tinynotation
from pipeline.formats.readers.base.source import Source
from tests.helpers.reading import READ

MELODIES = [
    "4/4 c4 d e f g2 g",
    "3/4 c4 d8 e~ e4 r2. c'4 C CC c# B- bn",
    "trip{c8 d e} f4 quad{c8 d e f} g",
    "c4. d8 e16 f. g",
    "c4 d e f c'' BB- b'-",
    "2/4 c8~ c4 d8 4/4 e1",
]


@pytest.mark.parametrize("text", MELODIES)
def test_tinynotation_is_read_as_music21_reads_it(text: str) -> None:
    from music21 import converter

    found = tinynotation.read(f"tinyNotation: {text}".encode(), READ).parts[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        judge = converter.parse(f"tinyNotation: {text}").stripTies().flatten()
    assert list(zip(found.onset.tolist(), found.duration.tolist(), found.pitch.tolist(), strict=True)) == [
        (Fraction(note.offset) * 10080, Fraction(note.quarterLength) * 10080, note.pitch.midi)
        for note in judge.notes
    ]


def test_the_metre_is_as_written() -> None:
    found = tinynotation.read(b"tinyNotation: 3/4 c2. 2/4 d2", READ).parts[0]
    assert found.meters == (Meter(0, 3, 4), Meter(30240, 2, 4))


@pytest.mark.parametrize("meter", ["0/4", "4/0", "3/999"])
def test_an_impossible_time_signature_is_unknown_and_counted(meter: str) -> None:
    found = tinynotation.read(f"tinyNotation: {meter} c4 2/4 d4".encode(), READ).parts[0]
    assert (found.meters, found.n_bad_meters) == ((Meter(10080, 2, 4),), 1)


def test_a_file_of_several_melodies_numbers_them() -> None:
    pieces = split("a.txt", b"tinyNotation: c4 d\ntinyNotation: e4 f\n")
    assert [piece.name for piece in pieces] == ["1", "2"]
    assert tinynotation.read(pieces[1].content, READ).parts[0].pitch.tolist() == [64, 65]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("c4 h4", "bad_syntax"),
        ("r4 r", "no_notes"),
        ("c0", "bad_duration"),
        ("c9999", "bad_duration"),
        ("c''''''''4", "pitch_out_of_range"),
    ],
)
def test_a_word_that_is_no_note_is_refused(text: str, rule: str) -> None:
    with pytest.raises(ReadError) as refused:
        tinynotation.read(f"tinyNotation: {text}".encode(), READ)
    assert refused.value.rule == rule


def test_noise_in_tinynotation_is_refused_and_never_crashes() -> None:
    dice = random.Random(2)
    for _ in range(2000):
        text = "".join(dice.choices("cdefgabCDEFGABr'#-n0123456789.~{} trip/[]_=*", k=dice.randint(1, 40)))
        try:
            tinynotation.read(f"tinyNotation: {text}".encode(), READ)
        except ReadError:
            continue


def chorales(*steps: list[int]) -> bytes:
    return json.dumps({"train": [], "valid": [list(steps)], "test": []}).encode()


def one(content: bytes) -> Source:
    return split("jsb.json", content)[0]


def test_a_chorale_is_named_by_its_published_split() -> None:
    assert one(chorales([72, 67, 64, 48])).name == "valid.0"
    assert one(chorales([72, 67, 64, 48])).published_split == "valid"


def test_equal_neighbours_are_one_note_and_silence_is_a_gap() -> None:
    source = one(chorales([72, 67, 64, 48], [72, 65, 64, 48], [-1, 65, 64, 50]))
    soprano, alto, _, bass = jsb_json.read(source.content, READ).parts
    assert (soprano.name, bass.name) == ("Soprano", "Bass")
    assert (soprano.onset.tolist(), soprano.duration.tolist(), soprano.end) == ([0], [5040], 7560)
    assert alto.pitch.tolist() == [67, 65]
    assert bass.duration.tolist() == [5040, 2520]


@pytest.mark.parametrize(
    ("steps", "rule"),
    [
        ([[72, 67, 64]], "bad_syntax"),
        ([[128] * 4], "pitch_out_of_range"),
        ([[60.5] * 4], "microtone"),
        ([["x", 67, 64, 48]], "bad_syntax"),
        ([[10**400, 67, 64, 48]], "bad_syntax"),
        ([[float("nan"), 67, 64, 48]], "bad_syntax"),
        ([[-1, -1, -1, -1]], "no_notes"),
        ([], "no_notes"),
        (7, "bad_syntax"),
    ],
)
def test_what_is_no_chorale_is_refused(steps: object, rule: str) -> None:
    with pytest.raises(ReadError) as refused:
        jsb_json.read(json.dumps(steps).encode(), READ)
    assert refused.value.rule == rule


@pytest.mark.parametrize(
    ("bass", "rule"), [(0, "pitch_out_of_range"), (128, "pitch_out_of_range"), (48.5, "microtone")]
)
def test_a_voice_with_impossible_note_numbers_is_left_out_and_named(bass: float, rule: str) -> None:
    piece = jsb_json.read(json.dumps([[72, 67, 64, 48], [72, 67, 64, bass]]).encode(), READ)
    assert [part.name for part in piece.parts] == ["Soprano", "Alto", "Tenor"]
    assert piece.left_out == (("Bass", rule),)


@pytest.mark.parametrize("content", [b'{"train": [', b'{"train": 3}', b'{"train": ' + b"[" * 100_000])
def test_broken_json_is_refused(content: bytes) -> None:
    with pytest.raises(ReadError) as refused:
        split("jsb.json", content)
    assert refused.value.rule == "unreadable"


def test_the_content_decides_the_format_whatever_the_name() -> None:
    assert split("x.abc", b"tinyNotation: c4")[0].format == "tinynotation"
    assert one(chorales([72, 67, 64, 48])).format == "jsb_json"
