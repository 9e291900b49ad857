import pytest

from pipeline.datasets.quantize import QuantizeSettings, quantize
from tests.helpers import sections
from tests.helpers.notes_text import notes_table, part, ticks


def symbol(onset, chord, text=None):
    return {"onset": ticks(onset), "text": text or chord, "chord": chord}


def grids(*rows, **settings):
    quantizing = QuantizeSettings.model_validate({**sections.QUANTIZE, "steps_per_quarter": 2, **settings})
    return quantize(notes_table(*rows), quantizing).grids


def chords(*rows, **settings):
    return grids(*rows, **settings)["chord"].to_pylist()


def test_a_chord_lasts_until_the_next_and_is_null_before_the_first():
    row = part("a/1", "60:1 62:1 64:2", chords=[symbol(1, "C:maj"), symbol("5/2", "N")])
    assert chords(row) == [[None, None, "C:maj", "C:maj", "C:maj", "N", "N", "N"]]


def test_a_piece_without_chord_symbols_has_none():
    assert chords(part("a/1", "60:1"), part("a/2", "60:1", chords=[symbol(0, "F:maj")])) == [
        None,
        ["F:maj"] * 2,
    ]


def test_symbols_off_the_grid_are_rounded_and_the_last_in_a_step_stays():
    row = part("a/1", "60:2", chords=[symbol(0, "C:maj"), symbol("3/4", "D:min"), symbol("4/5", "G:7")])
    assert chords(row) == [["C:maj", "C:maj", "G:7", "G:7"]]


def test_words_change_no_chord_but_unknown_chords_do():
    row = part("a/1", "60:2", chords=[symbol(0, "C:maj"), symbol(1, None, "tr"), symbol("3/2", "X", "C7xyz")])
    assert chords(row) == [["C:maj", "C:maj", "C:maj", "X"]]


def test_words_alone_are_no_chords():
    assert chords(part("a/1", "60:1", chords=[symbol(0, None, "Fine")])) == [None]


def test_chords_are_cut_with_the_silence_at_the_edges():
    row = part("a/1", "r:1 60:1 r:1", chords=[symbol(0, "C:maj"), symbol("3/2", "G:maj"), symbol(2, "F:maj")])
    assert chords(row) == [["C:maj", "G:maj"]]


def test_symbols_after_the_end_are_left_out():
    assert chords(part("a/1", "60:1", chords=[symbol(0, "C:maj"), symbol(9, "G:maj")])) == [
        ["C:maj", "C:maj"]
    ]


@pytest.mark.parametrize("number", [0, 1])
def test_another_part_gives_its_symbols_where_the_top_voice_has_none(number):
    rows = [part("a/1", "60:1", 0), part("a/1", "48:1", 1)]
    rows[number] = part("a/1", "60:1", number, chords=[symbol(0, "C:maj")])
    other = part("b/1", "60:1", 0)
    assert chords(*rows, other) == [["C:maj", "C:maj"], None]


def test_phrases_have_the_chords_of_their_steps():
    row = part("a/1", "60:1 r:2 62:1", chords=[symbol(0, "C:maj"), symbol(3, "G:maj")])
    assert chords(row, rests="split", min_rest=2) == [["C:maj"] * 2, ["G:maj"] * 2]
