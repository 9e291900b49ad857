import numpy as np

from pipeline.core.music import Grid
from pipeline.core.vocabulary import decode
from pipeline.tools.inspection.piano_roll import draw


def melody(*tokens: int) -> Grid:
    return decode([256, *tokens, 257])


def voices(*lines: list[int]) -> Grid:
    pitch = np.array(lines, np.uint8).T
    return Grid(pitch, np.zeros(pitch.shape, bool))


def test_a_note_begins_is_held_and_ends() -> None:
    assert draw(melody(60, 188, 62)).splitlines() == [
        "step 0",
        "  D4 |..o|",
        " C#4 |...|",
        "  C4 |o-.|",
    ]


def test_bar_lines_are_those_of_the_score() -> None:
    assert draw(melody(60, 60, 60), step_in_bar=[1, 0, 1]).splitlines()[1] == "  C4 |o|oo|"


def test_silence_has_no_row() -> None:
    assert draw(melody(60, 0, 60)).splitlines()[1:] == ["  C4 |o.o|"]


def test_several_voices_show_their_numbers() -> None:
    assert draw(voices([61, 61], [60, 60])).splitlines()[1:] == [" C#4 |11|", "  C4 |22|"]


def test_a_long_piece_is_broken_at_bar_lines() -> None:
    text = draw(melody(*[60] * 12), step_in_bar=[0, 1, 2, 3] * 3, width=18)
    assert [line for line in text.splitlines() if line.startswith("step")] == ["step 0", "step 8"]
    assert max(map(len, text.splitlines())) <= 18


def test_chords_are_written_where_they_begin():
    drawn = draw(melody(*[60, 188, 188, 188] * 2), [0, 1, 2, 3] * 2, chords=["C:maj"] * 4 + ["G:7"] * 4)
    assert drawn.splitlines()[1:3] == ["      C:maj G:7", "  C4 |o---|o---|"]


def test_a_chord_without_room_moves_to_the_right():
    drawn = draw(melody(60, 60, 60, 60), None, chords=["C:maj", "D:min", "G:7", None])
    assert drawn.splitlines()[1] == "      C:maj D:min G:7"
