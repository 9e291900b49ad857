"""A lead sheet keeps its chords from the file to the tokens' grid and back to a file."""

import pytest

import pipeline

LEAD_SHEET = 'X:1\nT:Lead\nM:4/4\nL:1/4\nK:G\n"G"GA"D7/F#"B c|"Em7"d2 "A7b9"e2|"N.C."g4|'
CHORDS = ["G:maj", "D:7/3", "E:min7", "A:7(b9)", "N"]


def changes(chords):
    return [chord for step, chord in enumerate(chords) if step == 0 or chord != chords[step - 1]]


def test_chord_symbols_are_on_the_grid():
    grid = pipeline.read(LEAD_SHEET).quantize(2)
    assert changes(grid.chords) == CHORDS
    assert len(grid.chords) == grid.n_steps


@pytest.mark.parametrize("semitones", [0, 5, -3])
def test_a_lead_sheet_comes_back_from_musicxml(tmp_path, semitones):
    grid = pipeline.read(LEAD_SHEET).quantize(2).transpose(semitones)
    back = pipeline.read(grid.save(tmp_path / "lead.musicxml")).quantize(2)
    assert back == grid
    assert back.chords == grid.chords
    assert changes(back.transpose(-semitones).chords) == CHORDS


def test_midi_has_a_track_of_chords_if_asked(tmp_path):
    grid = pipeline.read(LEAD_SHEET).quantize(2)
    parts = pipeline.read(grid.save(tmp_path / "lead.mid", play_chords=True)).parts
    assert [part.name for part in parts] == ["Melody", "Chords"]
    assert len(pipeline.read(grid.save(tmp_path / "melody.mid")).parts) == 1
