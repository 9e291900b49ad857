"""Unreadable content of MusicXML: one bad part, staff or voice does not reject the piece."""

import pytest

from pipeline.core.music import Meter, Piece
from pipeline.formats.readers import musicxml
from pipeline.formats.readers.base.source import ReadError
from tests.helpers.musicxml_text import TIME_4_4, backup, measure, note, score
from tests.helpers.reading import PLAYED, READ

START = f"<divisions>1</divisions>{TIME_4_4}"
DRUM = "<note><unpitched/><duration>4</duration>{}</note>"
PERCUSSION = "<clef{}><sign>percussion</sign></clef>"
QUARTER_TONE = note("C4", 4).replace("<alter>0", "<alter>0.5")


def beside_a_flute(part: str) -> Piece:
    """A score of a part, Other, and a flute below it."""
    return musicxml.read(score(part, measure(note("C5", 4), START), names=("Other", "Flute")), READ)


@pytest.mark.parametrize(
    ("part", "rule"),
    [
        (measure(DRUM, START), "percussion"),
        (measure(note("E4", 4), START + PERCUSSION.format("")), "percussion"),
        (measure(QUARTER_TONE, START), "microtone"),
        (measure(note("C4", 4), START + "<transpose><chromatic>0.5</chromatic></transpose>"), "microtone"),
        (measure(note("C4", 4).replace("<octave>4", "<octave>-1"), START), "pitch_out_of_range"),
        (measure(note("C4", 4).replace("<octave>4", "<octave>99"), START), "pitch_out_of_range"),
        (measure(note("C4", 4).replace("<step>C", "<step>H"), START), "bad_pitch"),
        (measure(note("C4", 4).replace("<octave>4</octave>", ""), START), "unreadable"),
        (measure(note("C4", -4), START), "bad_duration"),
        (measure(note("C4", 10**9) + note("C4", 10**9), START), "too_long"),
        (measure(note("C4", 4, "<staff>99</staff>"), START), "unreadable"),
    ],
)
def test_a_part_that_cannot_be_read_is_left_out_and_named(part: str, rule: str) -> None:
    piece = beside_a_flute(part)
    assert [(read.name, read.pitch.tolist(), read.end) for read in piece.parts] == [
        ("Flute", [72], 4 * 10080)
    ]
    assert piece.left_out == (("Other", rule),)


def test_a_part_without_a_name_is_named_by_its_identifier() -> None:
    piece = musicxml.read(score(measure(QUARTER_TONE, START), measure(note("C5", 4), START)), READ)
    assert piece.left_out == (("P0", "microtone"),)


def test_a_bad_pitch_does_not_change_the_bars_of_other_parts() -> None:
    drums = measure(DRUM, START) + measure(DRUM)
    flute = measure(note("C5", 1), START) + measure(note("D5", 4))
    piece = musicxml.read(score(flute, drums), READ)
    assert piece.parts[0].pitch.tolist() == [72, 74]


def test_a_percussion_staff_is_left_out() -> None:
    notes = note("C5", 4, "<staff>1</staff>") + backup(4) + note("E4", 4, "<staff>2</staff>")
    attributes = START + "<staves>2</staves>" + PERCUSSION.format(' number="2"')
    piece = musicxml.read(score(measure(notes, attributes), names=("Band",)), READ)
    assert [read.pitch.tolist() for read in piece.parts] == [[72]]
    assert piece.left_out == (("Band, staff 2", "percussion"),)


def test_the_percussion_voice_of_a_staff_is_left_out() -> None:
    notes = note("C5", 4, "<voice>1</voice>") + backup(4) + DRUM.format("<voice>2</voice>")
    piece = musicxml.read(score(measure(notes, START), names=("Voice",)), READ)
    assert [read.pitch.tolist() for read in piece.parts] == [[72]]
    assert piece.left_out == (("Voice, unpitched notes of voice 2", "percussion"),)


def on_channels(first: int, second: int) -> Piece:
    """A part of two instruments: D5 of the second, then C5 without an instrument."""
    instruments = "".join(
        f'<midi-instrument id="I{number}"><midi-channel>{channel}</midi-channel></midi-instrument>'
        for number, channel in enumerate((first, second))
    )
    notes = note("D5", 2, '<instrument id="I1"/>') + note("C5", 2)
    content = score(measure(notes, START), measure(note("C4", 4), START), names=("Kit", "Bass"))
    return musicxml.read(content.replace(b"Kit</part-name>", f"Kit</part-name>{instruments}".encode()), READ)


@pytest.mark.parametrize(
    ("channels", "pitches", "left_out"),
    [
        ((10, 10), [[60]], (("Kit", "percussion"),)),
        ((1, 10), [[72], [60]], (("Kit, unpitched notes of voice 1", "percussion"),)),
        ((1, 2), [[74, 72], [60]], ()),
    ],
)
def test_pitches_of_instruments_on_the_percussion_channel_are_left_out(
    channels: tuple[int, int], pitches: list[list[int]], left_out: tuple[tuple[str, str], ...]
) -> None:
    piece = on_channels(*channels)
    assert [read.pitch.tolist() for read in piece.parts] == pitches
    assert piece.left_out == left_out


def test_a_staff_that_changes_its_clef_keeps_its_pitches() -> None:
    change = "<attributes><clef><sign>G</sign><line>2</line></clef></attributes>"
    piece = musicxml.read(
        score(measure(note("C4", 2) + change + note("D4", 2), START + PERCUSSION.format(""))), READ
    )
    assert piece.parts[0].pitch.tolist() == [60, 62]


@pytest.mark.parametrize("part", [measure(DRUM, START), measure(QUARTER_TONE, START)])
def test_a_score_without_a_readable_part_is_refused(part: str) -> None:
    with pytest.raises(ReadError) as refused:
        musicxml.read(score(part), READ)
    assert refused.value.rule in ("percussion", "microtone")


@pytest.mark.parametrize(
    "time",
    [
        "<beats>0</beats><beat-type>4</beat-type>",
        "<beats>x</beats><beat-type>4</beat-type>",
        "<beats>4</beats><beat-type>3</beat-type>",
        "<beats>9999</beats><beat-type>4</beat-type>",
    ],
)
def test_an_impossible_time_signature_is_unknown_and_counted(time: str) -> None:
    content = score(
        measure(note("C4", 4), f"<divisions>1</divisions><time>{time}</time>") + measure(note("D4", 4))
    )
    read = musicxml.read(content, READ).parts[0]
    assert read.pitch.tolist() == [60, 62]
    assert (read.meters, read.n_bad_meters) == ((), 1)


def test_the_time_signature_after_an_impossible_one_counts() -> None:
    bad = "<divisions>1</divisions><time><beats>4</beats><beat-type>0</beat-type></time>"
    read = musicxml.read(score(measure(note("C4", 4), bad) + measure(note("D4", 4), TIME_4_4)), READ).parts[0]
    assert (read.meters, read.n_bad_meters) == ((Meter(4 * 10080, 4, 4),), 1)


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("<fifths>8</fifths><mode>major</mode>", (None, "", 1)),
        ("<fifths>-999999999999</fifths>", (None, "", 1)),
        ("<fifths>G</fifths>", (None, "", 1)),
        ("<fifths>1</fifths><mode>cheerful</mode>", (1, "", 1)),
        ("<fifths>-7</fifths><mode>Dorian</mode>", (-7, "dorian", 0)),
        ("<fifths>2</fifths><mode>none</mode>", (2, "", 0)),
        ("<key-step>F</key-step><key-alter>1</key-alter>", (None, "", 0)),
    ],
)
def test_an_impossible_key_signature_is_unknown_and_counted(
    key: str, found: tuple[int | None, str, int]
) -> None:
    read = musicxml.read(score(measure(note("C4", 4), f"{START}<key>{key}</key>")), READ).parts[0]
    assert (read.key_fifths, read.key_mode, read.n_bad_keys) == found


def test_a_repeat_without_a_number_of_times_is_refused_where_it_is_played() -> None:
    repeat = '<barline location="right"><repeat direction="backward" times="many"/></barline>'
    content = score(measure(note("C4", 4) + repeat, START))
    assert musicxml.read(content, READ).parts[0].pitch.tolist() == [60]
    with pytest.raises(ReadError) as refused:
        musicxml.read(content, PLAYED)
    assert refused.value.rule == "bad_repeats"
