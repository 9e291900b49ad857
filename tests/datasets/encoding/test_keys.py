from typing import Any

import numpy as np
import pytest

from pipeline.datasets.encoding.keys import Fallback, Keys, Policy, find_keys
from pipeline.datasets.quantize import QuantizeSettings, quantize
from tests.helpers.notes_text import notes_table, part


def key_of(
    text: str,
    policy: Policy,
    fifths: int | None = 0,
    mode: str = "major",
    fallback: Fallback = "reject",
) -> Keys:
    settings = QuantizeSettings(
        parts={"default": ["top"]}, steps_per_quarter=1, chords="top", rests="symbol", edge_silence="trim"
    )
    grids = quantize(notes_table(part("a/1", text, key_fifths=fifths, key_mode=mode)), settings).grids
    row: dict[str, Any] = grids.to_pylist()[0]
    sounding = np.zeros((1, 12), np.int64)
    for pitch in row["pitch"]:
        sounding[0, pitch % 12] += pitch > 0
    return find_keys(grids, sounding, [policy], fallback)


def found(keys: Keys) -> tuple[int, str, str, int]:
    return int(keys.tonic[0]), str(keys.mode[0]), str(keys.source[0]), int(keys.shift[0])


@pytest.mark.parametrize(
    ("fifths", "mode", "tonic", "shift"),
    [
        (0, "major", 0, 0),
        (1, "major", 7, 5),
        (-1, "major", 5, -5),
        (6, "major", 6, 6),
        (-6, "major", 6, 6),
        (-2, "minor", 7, 2),
        (2, "dorian", 4, -2),
        (-1, "mixolydian", 0, -5),
    ],
)
def test_the_signature_becomes_none(fifths: int, mode: str, tonic: int, shift: int) -> None:
    assert found(key_of("60:1", "signature", fifths, mode)) == (tonic, mode, "signature", shift)


def test_a_signature_without_a_mode_has_no_tonic() -> None:
    assert found(key_of("60:1", "signature", 2, "")) == (-1, "", "signature", -2)


def test_a_song_whose_lowered_third_outlasts_the_raised_one_is_minor() -> None:
    assert found(key_of("67:1 70:2 71:1 67:1", "tonic", 1)) == (7, "minor", "tonic", 2)


def test_a_song_whose_raised_third_lasts_as_long_is_major() -> None:
    assert found(key_of("67:1 70:1 71:1 67:1", "tonic", 1)) == (7, "major", "tonic", 5)


def test_a_song_without_a_third_is_major_with_its_own_key_source() -> None:
    assert found(key_of("67:1 74:1", "tonic", 1)) == (7, "major", "tonic, no third", 5)


def test_a_key_written_as_minor_names_its_own_tonic() -> None:
    assert found(key_of("69:1 72:1", "tonic", 0, "minor")) == (9, "minor", "tonic", 0)


@pytest.mark.parametrize(("fifths", "mode", "policy"), [(None, "", "signature"), (0, "", "tonic")])
def test_a_key_that_the_source_does_not_name_is_unknown(
    fifths: int | None, mode: str, policy: Policy
) -> None:
    keys = key_of("60:1", policy, fifths, mode)
    assert (keys.home[0], keys.shift[0]) == (-1, 0)


@pytest.mark.parametrize(
    ("text", "tonic", "mode"),
    [
        ("60:2 62:1 64:1 65:1 67:2 69:1 71:1 72:4", 0, "major"),
        ("67:2 69:1 71:1 72:1 74:2 76:1 78:1 79:4", 7, "major"),
        ("57:2 59:1 60:2 62:1 64:2 65:1 64:1 56:1 57:4", 9, "minor"),
        ("62:2 64:1 65:2 67:1 69:2 70:1 69:1 61:1 62:4", 2, "minor"),
    ],
)
def test_analysis_finds_the_key_of_a_scale(text: str, tonic: int, mode: str) -> None:
    assert found(key_of(text, "analysis", None, ""))[:3] == (tonic, mode, "analysis")


def test_analysis_moves_with_the_tune() -> None:
    tune = [60, 64, 67, 65, 62, 60]
    for semitones in range(12):
        text = " ".join(f"{pitch + semitones}:1" for pitch in tune)
        assert key_of(text, "analysis", None, "").tonic[0] == semitones


@pytest.mark.parametrize("policy", ["signature", "tonic"])
def test_analysis_is_the_fallback_if_the_source_names_no_key(policy: Policy) -> None:
    scale = "67:2 69:1 71:1 72:1 74:1 76:1 78:1 79:2"
    assert found(key_of(scale, policy, None, "", "analysis")) == (7, "major", "analysis", 5)
    assert found(key_of(scale, policy, None, ""))[:3] == (-1, "", "")


def test_a_key_named_by_the_source_is_not_analysed() -> None:
    scale = "67:2 69:1 71:1 72:1 74:1 76:1 78:1 79:2"
    assert found(key_of(scale, "signature", 0, "major", "analysis")) == (0, "major", "signature", 0)
