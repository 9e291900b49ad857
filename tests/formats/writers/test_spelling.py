"""Which letter a note has in a key, and which accidental is written before it."""

from typing import Any

import pytest

from pipeline.formats.writers.spelling import Accidentals, Key, Spelled, key_used, spell

SIGNS = {-2: "bb", -1: "b", 0: "", 1: "#", 2: "##"}


def names(pitches: range, fifths: int, mode: str = "") -> str:
    spelled = [spell(pitch, fifths, mode) for pitch in pitches]
    return " ".join(note.letter + SIGNS[note.alteration] for note in spelled)


@pytest.mark.parametrize(
    ("fifths", "mode", "expected"),
    [
        (0, "major", "C C# D Eb E F F# G G# A Bb B"),
        (0, "minor", "C C# D D# E F F# G G# A Bb B"),
        (3, "major", "C C# D D# E F F# G G# A A# B"),
        (3, "minor", "C C# D D# E E# F# G G# A A# B"),
        (5, "minor", "C C# D D# E E# F# F## G# A A# B"),
        (-3, "major", "C Db D Eb E F Gb G Ab A Bb B"),
        (-6, "major", "C Db D Eb E F Gb G Ab A Bb Cb"),
        (7, "major", "B# C# D D# E E# F# G G# A A# B"),
    ],
)
def test_white_keys_are_altered_only_where_the_key_calls_for_it(
    fifths: int, mode: str, expected: str
) -> None:
    assert names(range(60, 72), fifths, mode) == expected


def test_spelled_notes_sound_as_they_are_meant() -> None:
    letters = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
    for fifths in range(-7, 8):
        for mode in ("", "major", "minor", "dorian", "phrygian"):
            for pitch in range(1, 128):
                letter, alteration, octave = spell(pitch, fifths, mode)
                assert 12 * (octave + 1) + letters[letter] + alteration == pitch


def row(**columns: Any) -> dict[str, Any]:
    return {"key_fifths": None, "key_mode": None, "tonic_pc": None, "mode_used": None, **columns}


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"key_fifths": 3, "key_mode": "major", "tonic_pc": 9, "mode_used": "minor"}, Key(0, "minor")),
        ({"key_fifths": -1, "key_mode": "dorian", "tonic_pc": 7, "mode_used": "dorian"}, Key(-1, "dorian")),
        ({"key_fifths": -6, "key_mode": "major", "tonic_pc": 6, "mode_used": "major"}, Key(-6, "major")),
        ({"key_fifths": 6, "key_mode": "major", "tonic_pc": 6, "mode_used": "major"}, Key(6, "major")),
        ({"tonic_pc": 10, "mode_used": "major"}, Key(-2, "major")),
        ({"key_fifths": 2, "key_mode": ""}, Key(2, "")),
        ({"key_fifths": 9, "key_mode": "major"}, Key(-3, "major")),
        ({}, Key(None, "")),
    ],
)
def test_the_key_used_decides_where_it_is_known(columns: dict[str, Any], expected: Key) -> None:
    assert key_used(row(**columns)) == expected


def needed(fifths: int, *bars: str) -> str:
    """Which notes need a sign: "F#4 F4" in, "F#4 -" out where the second needs none; "~" is a tie's end."""
    accidentals, found = Accidentals(fifths), []
    for bar in bars:
        accidentals.next_bar()
        for word in bar.split():
            name = word.lstrip("~")
            alteration = name.count("#") - name.count("b")
            sign = accidentals.needed(Spelled(name[0], alteration, int(name[-1])), word[0] == "~")
            found.append("-" if sign is None else name)
    return " ".join(found)


def test_a_sign_holds_to_the_end_of_the_bar() -> None:
    assert needed(0, "F#4 G4 F#4", "F#4") == "F#4 - - F#4"


def test_a_note_of_the_key_signature_needs_no_sign() -> None:
    assert needed(2, "F#4 C#5 F#5 B4") == "- - - -"
    assert needed(-2, "Bb4 Eb4 A4") == "- - -"


def test_a_sign_is_cancelled_by_a_natural() -> None:
    assert needed(0, "F#4 F4 F4") == "F#4 F4 -"
    assert needed(1, "F4 F4 F#4", "F#4") == "F4 - F#4 -"


def test_another_octave_has_a_sign_of_its_own() -> None:
    assert needed(0, "F#4 F#5 F#4") == "F#4 F#5 -"
    assert needed(0, "F#4 F5") == "F#4 F5"


def test_a_tie_over_the_bar_line_carries_no_sign_to_later_notes() -> None:
    assert needed(0, "F#4", "~F#4 F#4") == "F#4 - F#4"
    assert needed(0, "F#4", "~F#4 F4") == "F#4 - F4"
    assert needed(0, "F#4", "~F#4 G4", "F4") == "F#4 - - -"
