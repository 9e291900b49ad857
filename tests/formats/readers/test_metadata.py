"""Tune type, tempo, origin, region, composer and year, as the sources of each format write them."""

from fractions import Fraction

import pytest

from pipeline.core.music import Piece
from pipeline.formats import readers
from pipeline.formats.readers.base.texts import LONGEST
from tests.helpers.kern_text import spines
from tests.helpers.midi_bytes import file, meta, note, track
from tests.helpers.musicxml_text import measure, score
from tests.helpers.musicxml_text import note as xml_note
from tests.helpers.reading import READ


def read(name: str, content: bytes) -> Piece:
    (source,) = readers.split(name, content)
    return readers.read(source, READ)


def abc(*header: str, body: str = "C D E F|") -> Piece:
    return read("tune.abc", "\n".join(["X:1", *header, "K:C", body]).encode())


def kern(*records: str, before: tuple[str, ...] = (), after: tuple[str, ...] = ()) -> Piece:
    lines = ["**kern", *before, "4c", *after, "4d", "*-"]
    return read("tune.krn", "\n".join(records).encode() + b"\n" + spines(*lines))


def musicxml(before: str = "", middle: str = "", head: str = "") -> Piece:
    content = before + xml_note("C4") + middle + xml_note("D4")
    return read("tune.musicxml", score(measure(content, "<divisions>1</divisions>"), head=head))


def midi(*events: bytes) -> Piece:
    return read("tune.mid", file(track(*events, note(0, 480, 60))))


def metronome(beat: str, per_minute: str) -> str:
    return (
        f"<direction><direction-type><metronome>{beat}<per-minute>{per_minute}</per-minute></metronome>"
        "</direction-type></direction>"
    )


def test_a_tune_of_abc_has_all_that_its_fields_write() -> None:
    piece = abc("T:Air", "C:Trad.", "O:Ireland; Ulster", "A:Donegal", "R:slip  jig")
    assert (piece.title, piece.composer, piece.origin, piece.region, piece.tune_type) == (
        *("Air", "Trad.", "Ireland; Ulster", "Donegal", "slip jig"),
    )


def test_a_source_that_writes_nothing_has_no_metadata() -> None:
    for piece in (abc(), kern(), musicxml(), midi()):
        assert (piece.composer, piece.origin, piece.region, piece.tune_type) == ("", "", "", "")
        assert (piece.tempo_qpm, piece.year) == (None, None)


def test_of_several_tune_types_the_first_counts_and_the_tunes_own_before_the_files() -> None:
    assert abc("R:reel", "R:hornpipe").tune_type == "reel"
    both = b"R:reel\n\nX:1\nR:jig\nK:C\nC D|\n"
    assert read("tune.abc", both).tune_type == "jig"


@pytest.mark.parametrize(
    ("field", "qpm"),
    [
        ("1/4=120", 120),
        ("3/8=100", 150),
        ('"Allegro" 1/4=120', 120),
        ('1/2 = 60 "Slow"', 120),
        ("1/4 3/8 1/4 3/8=40", 200),
        ("1/4=92.5", Fraction(185, 2)),
        ("120", 60),  # outdated: unit note lengths, here eighths
        ("C=120", 60),
        ("C3=50", 75),
        ("1/4=c. 80", 80),
        ('"Andante"', None),
        ("1/4=60-72", None),
        ("1/0=60", None),
        ("1/4=0", None),
        ("", None),
    ],
)
def test_every_form_of_the_tempo_field_counts_quarters_per_minute(field: str, qpm: int | None) -> None:
    assert abc("L:1/8", f"Q:{field}").tempo_qpm == qpm


def test_an_outdated_tempo_counts_the_unit_length_whatever_comes_first() -> None:
    assert abc("Q:120", "L:1/4").tempo_qpm == 120
    assert abc("Q:120", "M:2/4").tempo_qpm == 30  # the unit length is a sixteenth


def test_the_tempo_is_that_of_the_first_note() -> None:
    assert abc("Q:1/4=60", body="[Q:1/4=90] C D|").tempo_qpm == 90
    assert abc("Q:1/4=60", body="C [Q:1/4=90] D|").tempo_qpm == 60
    assert abc(body="C [Q:1/4=90] D|").tempo_qpm is None
    assert kern(before=("*MM72",), after=("*MM96",)).tempo_qpm == 72
    assert kern(after=("*MM96",)).tempo_qpm is None
    later = metronome("<beat-unit>quarter</beat-unit>", "90")
    assert musicxml(middle=later).tempo_qpm is None


@pytest.mark.parametrize(
    ("beat", "per_minute", "qpm"),
    [
        ("<beat-unit>quarter</beat-unit>", "96", 96),
        ("<beat-unit>quarter</beat-unit><beat-unit-dot/>", "60", 90),
        ("<beat-unit>half</beat-unit><beat-unit-dot/><beat-unit-dot/>", "40", 140),
        ("<beat-unit>eighth</beat-unit>", "100.5", Fraction(201, 4)),
        ("<beat-unit>quarter</beat-unit>", "c. 108", 108),
        ("<beat-unit>quarter</beat-unit>", "", None),
        ("<beat-unit>step</beat-unit>", "60", None),
    ],
)
def test_a_metronome_counts_its_beat_with_dots(beat: str, per_minute: str, qpm: int | None) -> None:
    assert musicxml(metronome(beat, per_minute)).tempo_qpm == qpm


def test_a_sound_counts_quarters_and_comes_before_the_metronome() -> None:
    assert musicxml('<sound tempo="88.5"/>').tempo_qpm == Fraction(177, 2)
    printed = metronome("<beat-unit>half</beat-unit>", "60")
    both = printed.replace("</direction-type>", '</direction-type><sound tempo="119"/>')
    assert musicxml(both).tempo_qpm == 119


def test_a_tempo_of_midi_is_the_one_in_force_at_the_first_note() -> None:
    def tempo(microseconds: int) -> bytes:
        return meta(0x51, microseconds.to_bytes(3, "big"))

    assert midi(tempo(500_000)).tempo_qpm == 120
    assert midi(tempo(500_000), tempo(650_000)).tempo_qpm == Fraction(1200, 13)
    assert midi(tempo(0)).tempo_qpm is None
    late = file(track(note(0, 480, 60), tempo(500_000), note(0, 480, 62)))
    assert read("tune.mid", late).tempo_qpm is None


def test_records_of_kern_give_genre_area_and_year() -> None:
    piece = kern("!!!COM: Bach", "!!!AGN: choral", "!!!ARE: Europa, Sachsen", "!!!ODT: 1724/03/01")
    assert (piece.composer, piece.tune_type, piece.region, piece.year) == (
        *("Bach", "choral", "Europa, Sachsen", 1724),
    )
    assert [kern(f"!!!ODT: {date}").year for date in ("~1760///", "1798///-1800///", "early")] == [
        *(1760, None, None),
    ]


def test_texts_have_no_control_characters_and_a_bounded_length() -> None:
    creator = '<creator type="composer">A&#x85;B</creator>'
    assert musicxml(head=f"<identification>{creator}</identification>").composer == "A B"
    long = abc(f"R:{'reel ' * 100_000}").tune_type
    assert len(long) == LONGEST
    assert long.endswith("…")
    assert abc("O:be\x07ll\x1b").origin == "be ll"
