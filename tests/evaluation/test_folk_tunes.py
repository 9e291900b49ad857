import numpy as np
import pytest

from pipeline.core.vocabulary import START, STOP, decode
from pipeline.decoding.voice_leading.keys import WrittenKey, key_of
from pipeline.evaluation.folk_tunes import FOLK_TUNES, FolkTune, folk_row
from pipeline.evaluation.harmonies import folk_example, marked
from pipeline.formats.writers.layout import layout_of


@pytest.mark.parametrize("tune", FOLK_TUNES, ids=lambda tune: tune.name)
def test_a_tune_fills_its_bars_and_ends_with_a_phrase(tune: FolkTune) -> None:
    row = folk_row(tune, 4)
    grid = decode([START, *row["tokens"], STOP], 4)
    assert grid.n_steps % row["steps_per_bar"] == 0
    assert row["phrase_end"][-1]
    written = {(int(pitch) - tune.transposition) % 12 for pitch in grid.pitch[:, 0]}
    scale = {(row["tonic_pc"] + step) % 12 for step in (0, 2, 4, 5, 7, 9, 11)}
    assert written <= scale
    assert key_of(row) == WrittenKey(tune.transposition, 11)
    assert layout_of(row, mark=None).key_fifths == tune.key_fifths


def test_only_the_melody_is_given() -> None:
    example = folk_example(folk_row(FOLK_TUNES[0], 2))
    assert example.given_voices == [0]
    assert np.flatnonzero(example.phrase_ends)[0] == 2 * 8 - 1
    assert example.source[:4].tolist() == [72, START, START, START]


def test_marks_and_chords_are_those_of_the_written_key() -> None:
    row = folk_row(FOLK_TUNES[0], 1)  # in G, a fourth below C
    tokens = [72, 67, 64, 48, 74, 69, 65, 50]
    found = marked({}, row, {"guided": tokens})
    assert {(each["step"], each["rule"]) for each in found["marks"]["guided"]} >= {(1, "parallel_octaves")}
    assert found["chords"]["guided"][0] == {"step": 0, "root": 7, "quality": "major", "figure": ""}
