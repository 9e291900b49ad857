import pytest

from pipeline.core.chord_kinds import Degree, Harmony, from_harte, to_harte
from pipeline.core.chords import KINDS, Chord, parse_harte


@pytest.mark.parametrize(
    ("harmony", "harte"),
    [
        (Harmony("C", "major"), "C:maj"),
        (Harmony("F#", "half-diminished"), "F#:hdim7"),
        (Harmony("D", "major", (), "F#"), "D:maj/3"),
        (Harmony("Bb", "dominant", (Degree("add", 9, -1),)), "Bb:7(b9)"),
        (Harmony("C", "dominant", (Degree("alter", 5, -1),)), "C:7(*5,b5)"),
        (Harmony("C", "minor-seventh", (Degree("alter", 5, -1),)), "C:hdim7"),
        (Harmony("C", "diminished", (Degree("alter", 5, 1),)), "C:dim(*b5,5)"),
        (Harmony("C", "dominant-13th", (Degree("alter", 9, -1),)), "C:13(*9,b9)"),
        (Harmony("C", "suspended-fourth", (Degree("add", 7, 0),)), "C:sus4(b7)"),
        (Harmony("C", "major", (Degree("add", 7, 1),)), "C:maj(7)"),
        (Harmony("C", "minor", (Degree("subtract", 3, 0),)), "C:min(*b3)"),
        (Harmony("C", "major-minor"), "C:minmaj7"),
        (Harmony("C", "none"), "N"),
        (Harmony("C", "Neapolitan"), None),
        (Harmony("C", ""), None),
        (Harmony("C", "major", (Degree("add", 99, 0),)), None),
    ],
)
def test_a_harmony_of_musicxml_in_harte_syntax(harmony, harte):
    assert to_harte(harmony) == harte


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("degrees", [(), ("b9",), ("*5", "b5"), ("*3",), ("9", "#11"), ("b5", "#5", "*5")])
def test_a_written_harmony_is_read_back(kind, degrees):
    if "*3" in degrees and "3" not in KINDS[kind]:
        degrees = ()
    if "*5" in degrees and "5" not in KINDS[kind]:
        degrees = ("b9",)
    chord = Chord("Eb", kind, degrees, "5")
    back = to_harte(from_harte(chord))
    assert back is not None
    assert parse_harte(back).pitch_classes == chord.pitch_classes
    assert to_harte(from_harte(parse_harte(back))) == back


@pytest.mark.parametrize(
    "text", ["C:aug(b7)", "C:aug(b7,9)", "G:sus4(b7)", "A:maj6(9)", "D:maj/3", "E:7(b9)"]
)
def test_common_chords_are_read_back_as_written(text):
    assert to_harte(from_harte(parse_harte(text))) == text


def test_seventh_of_an_augmented_chord_is_part_of_its_kind():
    assert from_harte(parse_harte("C:aug(b7)")) == Harmony("C", "augmented-seventh")
