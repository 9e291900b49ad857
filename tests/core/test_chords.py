import pytest

from pipeline.core.chords import (
    KINDS,
    Chord,
    ChordError,
    degree_of,
    fifths_of,
    name_of,
    parse_harte,
    semitones_of,
)


def test_note_names_and_positions_on_the_line_of_fifths_are_inverse():
    assert [fifths_of(name) for name in ("Fb", "Bb", "F", "C", "G", "B", "F#")] == [-8, -2, -1, 0, 1, 5, 6]
    assert [name_of(fifths_of(name)) for name in ("Abb", "Cb", "E", "B#")] == ["Abb", "Cb", "E", "B#"]


@pytest.mark.parametrize(
    ("degree", "semitones"), [("3", 4), ("b3", 3), ("bb7", 9), ("9", 2), ("#11", 6), ("*5", 7)]
)
def test_degrees_count_from_the_major_scale(degree, semitones):
    assert semitones_of(degree) == semitones


@pytest.mark.parametrize(
    ("root", "bass", "degree"), [("D", "F#", "3"), ("C", "Bb", "b7"), ("A", "C", "b3"), ("G", "F#", "7")]
)
def test_a_bass_note_is_a_degree_of_the_root(root, bass, degree):
    assert degree_of(root, bass) == degree
    assert Chord(root, "maj", (), degree).bass_name == bass


@pytest.mark.parametrize("text", ["A:min7", "D:maj/3", "E:7(b9)", "C#:hdim7/b5", "F:maj(*3,9)", "Bb:aug(b7)"])
def test_writing_and_parsing_are_inverse(text):
    assert str(parse_harte(text)) == text


@pytest.mark.parametrize(
    "text", ["", "N", "X", "H:maj", "C:", "C:foo", "C:maj(x)", "C:maj/0", "C:maj(14)", "C maj"]
)
def test_text_that_is_no_chord_is_refused(text):
    with pytest.raises(ChordError):
        parse_harte(text)


def test_pitch_classes_include_additions_and_the_bass_and_leave_out_omissions():
    assert parse_harte("C:maj(*3,9)/b7").pitch_classes == {0, 7, 2, 10}
    assert parse_harte("A:min7").pitch_classes == {9, 0, 4, 7}


@pytest.mark.parametrize(
    ("text", "majmin", "sevenths"),
    [
        ("C:maj", "C:maj", "C:maj"),
        ("C:13", "C:maj", "C:7"),
        ("A:min9/5", "A:min", "A:min7"),
        ("F:maj6", "F:maj", "X"),
        ("E:7(b9)", "E:maj", "E:7"),
        ("B:dim", "X", "X"),
        ("G:sus4(b7)", "X", "X"),
        ("D:maj(9)", "D:maj", "D:maj"),
        ("D:7(*5)", "X", "X"),
    ],
)
def test_reductions_of_mirex(text, majmin, sevenths):
    assert (parse_harte(text).majmin, parse_harte(text).sevenths) == (majmin, sevenths)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("semitones", [-14, -5, 3, 6, 11])
def test_transposition_moves_every_pitch_class(kind, semitones):
    chord = Chord("Eb", kind, (), "5")
    moved = chord.transposed(semitones)
    assert moved.pitch_classes == {(p + semitones) % 12 for p in chord.pitch_classes}


def test_an_octave_keeps_the_spelling():
    assert Chord("Cb", "maj").transposed(12) == Chord("Cb", "maj")
