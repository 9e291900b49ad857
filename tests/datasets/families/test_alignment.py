"""Local alignment: exact copies, variants, ornaments, and chance similarity."""

import numpy as np
import pyarrow as pa
import pytest

from pipeline.datasets.families.alignment import ON_BEAT, MelodyLines, alignment

TUNE = [60, 62, 64, 65, 67, 69, 67, 65, 64, 62, 60, 67, 72, 71, 69, 67, 60, 64, 62, 59, 60, 65, 62, 60]


def lines(*melodies: list[int], beats: int = 1) -> MelodyLines:
    """Melodies, every so manyth note on a beat."""
    column = [
        [pitch + ON_BEAT * (place % beats == 0) for place, pitch in enumerate(each)] for each in melodies
    ]
    return MelodyLines.from_column(pa.chunked_array([pa.array(column, pa.list_(pa.uint8()))]))


def likeness(first: list[int], second: list[int], beats: int = 1) -> float:
    return float(alignment(lines(first, second, beats=beats), np.array([0]), np.array([1]))[0])


def test_a_tune_has_likeness_one_to_itself_in_another_key() -> None:
    assert likeness(TUNE, [pitch + 5 for pitch in TUNE]) == 1.0


def test_a_tune_inside_a_longer_one_is_found_whole() -> None:
    assert likeness(TUNE, [*reversed(TUNE), *TUNE, *TUNE[::2]]) == 1.0


def test_a_distant_pitch_lowers_the_likeness_more_than_a_near_one() -> None:
    near, far = list(TUNE), list(TUNE)
    near[6] += 1
    far[6] += 6
    assert 1 > likeness(TUNE, near) > likeness(TUNE, far) > 0.7


def test_an_ornament_on_the_beat_lowers_the_likeness_more() -> None:
    ornamented = [*TUNE[:11], 61, *TUNE[11:]]
    plain = lines(TUNE, ornamented)
    light = MelodyLines(plain.offsets, plain.pitch, plain.weight.copy())
    light.weight[len(TUNE) + 11] = 1
    pair = np.array([0]), np.array([1])
    assert 1 > alignment(light, *pair)[0] > alignment(plain, *pair)[0] > 0.7


def test_a_few_notes_in_common_are_chance() -> None:
    assert likeness(TUNE[:5], TUNE) == 0.0
    assert likeness(TUNE, [60, 61] * 12) == 0.0


def test_likeness_does_not_depend_on_order_or_other_pairs() -> None:
    dice = np.random.default_rng(1)
    melodies = [dice.integers(55, 80, n).tolist() for n in dice.integers(1, 90, 40)]
    many = lines(*melodies, TUNE, [*TUNE[:12], *TUNE[14:]], beats=2)
    left, right = (each.ravel() for each in np.meshgrid(np.arange(42), np.arange(42)))
    table = alignment(many, left, right).reshape(42, 42)
    assert (table == table.T).all()
    alone = alignment(many, np.array([40]), np.array([41]))[0]
    assert alone == table[40, 41] > 0.5


@pytest.mark.parametrize("n", [2000])
def test_long_melodies_do_not_overflow(n: int) -> None:
    pitches = np.random.default_rng(2).integers(50, 90, n).tolist()
    assert likeness(pitches, pitches) == 1.0
