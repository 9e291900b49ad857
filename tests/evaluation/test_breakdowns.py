import math

import numpy as np
import pytest

from pipeline.evaluation.breakdowns import (
    SURPRISAL,
    by_family_size,
    by_place,
    calibration,
    surprisal_table,
)
from pipeline.evaluation.comparison import piece_sums
from pipeline.evaluation.metrics.surprisal import ONSET, STOPS, Surprisal
from tests.helpers.token_rows import ROWS

BIT = math.log(2)


def piece(bits: list[float], stop: float = 5.0, sure: float = 0.5, right: bool = True) -> Surprisal:
    """Notes of one step each with these nats, then STOP."""
    kind = np.array([ONSET] * len(bits) + [STOPS])
    nats = np.array([*bits, stop]) * BIT
    return Surprisal(
        kind=kind,
        nats=nats,
        confidence=np.full(len(kind), sure),
        hit=np.full(len(kind), right),
        pitch_nats=np.where(kind == ONSET, nats / 2, 0),
        pitch_confidence=np.where(kind == ONSET, sure, 0),
        pitch_hit=(kind == ONSET) & right,
    )


def test_bits_of_each_tenth_exclude_stop() -> None:
    found = by_place({"model": [piece([float(cost) for cost in range(20)]), piece([10.0])]})
    assert found["onsets"] == [3, *[2] * 9]
    assert found["bits_per_onset"]["model"] == pytest.approx(
        [(0 + 1 + 10) / 3, *[2 * n + 0.5 for n in range(1, 10)]]
    )


def test_a_tenth_in_which_no_note_begins_has_no_figure() -> None:
    assert by_place({"model": [piece([4.0])]})["bits_per_onset"]["model"] == [4.0, *[None] * 9]


def test_pieces_are_grouped_by_how_often_their_tune_occurs_in_the_data_set() -> None:
    sums = piece_sums(ROWS, {"model": [piece([1.0]), piece([3.0, 3.0]), piece([6.0])]})
    found = by_family_size(sums, ["a", "a", "b", "b", "b", "c"])
    assert list(found) == ["1", "2 or 3"]
    assert found["1"] == {"n_pieces": 1, "n_families": 1, "bits_per_onset": {"model": pytest.approx(6)}}
    assert found["2 or 3"]["n_families"] == 2
    assert found["2 or 3"]["bits_per_onset"] == {"model": pytest.approx(7 / 3)}


def test_calibration_is_measured_for_tokens_and_for_onset_pitches() -> None:
    found = calibration({"model": [piece([1.0, 1.0], sure=0.75), piece([1.0, 1.0], sure=0.75, right=False)]})
    assert found["tokens"]["model"]["error"] == pytest.approx(0.25)
    assert sum(found["tokens"]["model"]["n"]) == 4
    assert found["pitches"]["model"]["accuracy"][11] == 0.5
    assert found["pitches"]["model"]["accuracy"][0] is None


def test_the_table_of_surprisals_has_every_token() -> None:
    table = surprisal_table(["songs/1"], {"model": [piece([1.0, 2.0])], "copy": [piece([3.0, 4.0])]})
    assert table.schema.equals(SURPRISAL)
    assert table["predictor"].to_pylist() == ["model", "copy"]
    assert table["nats"].to_pylist()[1] == pytest.approx([3 * BIT, 4 * BIT, 5 * BIT])
