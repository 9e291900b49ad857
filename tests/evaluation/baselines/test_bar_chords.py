"""One chord per bar, predicted from small tunes."""

import numpy as np
import pytest

from pipeline.models.base.chord_numbers import harte_of, numbers_of
from tests.helpers.bar_chords import ChordHmm, MajorityChord, TuneBars, bars_of_tune

TRIADS = {"C:maj": (60, 64, 67), "F:maj": (65, 69, 72), "G:maj": (67, 71, 74), "A:min": (69, 72, 76)}


def tune(*chords: str, known: bool = True) -> TuneBars:
    """TuneBars of three steps, each with the notes of its chord."""
    notes = [pitch for chord in chords for pitch in TRIADS[chord]]
    symbols = [chord if known else None for chord in chords for _ in range(3)]
    return bars_of_tune(notes, [0, 1, 2] * len(chords), numbers_of(symbols))


def named(numbers: np.ndarray) -> list[str | None]:
    return [harte_of(int(number)) for number in numbers]


TRAINING = [tune("C:maj", "F:maj", "G:maj", "C:maj")] * 10 + [tune("A:min", "F:maj", "G:maj", "C:maj")] * 5


def test_a_tune_is_divided_at_its_bar_lines_after_a_pickup() -> None:
    bars = bars_of_tune([67, 60, 188, 0, 128, 62], [2, 0, 1, 2, 0, 1], numbers_of([None] + ["C:maj"] * 5))
    assert bars.starts.tolist() == [0, 1, 4, 6]
    assert bars.downbeat.tolist() == [7, 0, 12]
    assert bars.histogram[1, 0] == pytest.approx(2 / 3)
    assert bars.histogram[2, 2] == pytest.approx(1 / 2)
    assert named(bars.chord) == [None, "C:maj", "C:maj"]


def test_a_bar_has_the_chord_that_lasts_longest_and_of_equal_ones_the_first() -> None:
    bars = bars_of_tune(
        [60] * 8,
        [0, 1, 2, 3] * 2,
        numbers_of(["G:7", "C:maj", "C:maj", "C:maj"] + ["G:7"] * 2 + ["C:maj"] * 2),
    )
    assert named(bars.chord) == ["C:maj", "G:7"]


def test_the_majority_chord_is_the_one_with_the_most_steps() -> None:
    assert named(MajorityChord.fit(TRAINING).predict(tune("F:maj", "G:maj"))) == ["C:maj", "C:maj"]


def test_the_model_finds_the_chords_of_broken_triads() -> None:
    chords = ["C:maj", "F:maj", "G:maj", "A:min"]
    assert named(ChordHmm.fit(TRAINING, weight=8.0).predict(tune(*chords, known=False))) == chords


def test_without_weight_on_the_notes_chords_follow_each_other_as_in_training() -> None:
    hmm = ChordHmm.fit(TRAINING, weight=0.0)
    assert named(hmm.predict(tune("G:maj", "G:maj", "G:maj", "G:maj", known=False))) == [
        "C:maj",
        "F:maj",
        "G:maj",
        "C:maj",
    ]


def test_the_path_is_the_most_probable_of_all() -> None:
    hmm, bars = ChordHmm.fit(TRAINING, weight=2.0), tune("A:min", "G:maj", "C:maj", known=False)
    notes = hmm.weight * bars.histogram @ hmm.emission.T
    states = range(len(hmm.states))
    paths = {
        (a, b, c): hmm.first[a]
        + hmm.transition[a, b]
        + hmm.transition[b, c]
        + notes[0, a]
        + notes[1, b]
        + notes[2, c]
        for a in states
        for b in states
        for c in states
    }
    best = max(paths, key=lambda path: paths[path])
    assert hmm.predict(bars).tolist() == hmm.states[list(best)].tolist()


def test_a_rare_chord_shares_the_profile_of_its_quality() -> None:
    rare = bars_of_tune([62, 62], [0, 1], numbers_of(["D:maj"] * 2))
    hmm = ChordHmm.fit([*TRAINING, rare], weight=1.0)
    (place,) = np.flatnonzero(hmm.states == numbers_of(["D:maj"])[0])
    assert hmm.emission[place, [6, 9]].min() > hmm.emission[place, [3, 8]].max()
