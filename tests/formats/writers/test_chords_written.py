import numpy as np
import pytest

from pipeline.core.music import Grid
from pipeline.formats.readers import midi, musicxml
from pipeline.formats.writers.harmony import block_chord
from pipeline.formats.writers.layout import Layout, ScoreError, chord_changes, layout_of
from pipeline.formats.writers.midi import as_midi
from pipeline.formats.writers.musicxml import as_musicxml
from tests.helpers.reading import READ

QUARTER = 10080


def grid(*pitches):
    """One voice; a pitch of the step before is held."""
    pitch = np.array(pitches, np.uint8).reshape(-1, 1)
    return Grid(pitch, np.concatenate([[[False]], pitch[1:] == pitch[:-1]]))


def layout(**fields):
    return Layout(steps_per_quarter=2, steps_per_bar=8, **fields)


def test_chord_changes_are_the_steps_where_a_chord_begins():
    assert chord_changes([None, "C:maj", "C:maj", "N", None, "N"]) == ((1, "C:maj"), (3, "N"), (5, "N"))


@pytest.mark.parametrize("step", range(8))
def test_a_chord_is_read_back_at_its_step_on_and_inside_a_note(step):
    chords = ((step, "F#:hdim7/b5"),)
    content = as_musicxml(grid(60, 60, 60, 60, 62, 62, 64, 64), layout(chords=chords))
    part = musicxml.read(content, READ).parts[0]
    assert [(symbol.onset * 2 // QUARTER, symbol.harte) for symbol in part.chords] == list(chords)


def test_chords_over_a_bar_line_no_chord_and_unknown_ones():
    chords = ((0, "C:maj"), (6, "N"), (9, "X"), (10, "Bb:7(b9)"))
    content = as_musicxml(grid(*[60] * 12), layout(chords=chords))
    part = musicxml.read(content, READ).parts[0]
    assert [(symbol.onset * 2 // QUARTER, symbol.harte) for symbol in part.chords] == [
        (0, "C:maj"),
        (6, "N"),
        (10, "Bb:7(b9)"),
    ]


def test_a_score_without_chords_has_no_harmony():
    assert b"<harmony" not in as_musicxml(grid(60, 60), layout())


def test_block_chords_lie_over_their_bass():
    assert block_chord("C:maj/3") == [40, 48, 52, 55]
    assert block_chord("N") == []


def test_midi_plays_block_chords_on_a_track_of_their_own_if_asked():
    chords = ((0, "C:maj"), (4, "N"), (6, "G:maj"))
    written = {
        played: as_midi(grid(*[60] * 8), layout(chords=chords, play_chords=played)) for played in (0, 1)
    }
    assert len(midi.read(written[0], READ).parts) == 1
    accompaniment = midi.read(written[1], READ).parts[1]
    assert accompaniment.name == "Chords"
    assert accompaniment.pitch.tolist() == [55, 52, 48, 36, 59, 55, 50, 43]
    assert sorted(set(accompaniment.onset.tolist())) == [0, 3 * QUARTER]
    assert set(accompaniment.duration.tolist()) == {2 * QUARTER, QUARTER}


@pytest.mark.parametrize(
    "chords", [((0, "H:maj"),), ((0, "Cmaj7"),), ((2, "C:maj"), (2, "G:maj")), ((-1, "N"),)]
)
def test_chords_that_cannot_be_written_are_refused(chords):
    with pytest.raises(ScoreError):
        layout(chords=chords)


def test_a_row_is_written_with_the_chords_of_its_own_key():
    row = {
        "title": "", "piece_id": "a/1", "steps_per_quarter": 2, "steps_per_bar": 8, "step_in_bar": [0, 1],
        "meter": "4/4", "key_fifths": 1, "key_mode": "major", "transposition": 5, "chord": ["C:maj", "C:maj"],
    }  # fmt: skip
    assert layout_of(row, mark=None).chords == ((0, "G:maj"),)
