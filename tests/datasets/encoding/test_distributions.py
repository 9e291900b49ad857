import pyarrow as pa

from pipeline.core.vocabulary import START, STOP, TIED
from pipeline.datasets.encoding.distributions import added, distributions


def rows(*tunes: list[int], voices: int = 1) -> pa.Table:
    lengths = [len(tune) // voices for tune in tunes]
    return pa.table(
        {
            "tokens": pa.array([[START, *tune, STOP] for tune in tunes], pa.list_(pa.uint16())),
            "voices": pa.array([voices] * len(tunes), pa.int16()),
            "n_steps": pa.array(lengths, pa.int32()),
            "steps_per_quarter": pa.array([2] * len(tunes), pa.int16()),
        }
    )


def test_notes_are_counted_and_silences_are_not() -> None:
    found = distributions(rows([60, TIED + 60, 0, TIED, 64, 60], [67]))
    assert found["pitch"] == {60: 2, 64: 1, 67: 1}
    assert found["duration"] == {2: 1, 1: 3}
    assert found["interval"] == {4: 1, -4: 1}  # over the silence, but not from tune to tune
    assert found["length"] == {0: 2}


def test_voices_are_counted_separately() -> None:
    # soprano C5 held, then D5; bass C3, then D3 tied
    found = distributions(rows([72, 48, TIED + 72, 50, 74, TIED + 50], voices=2))
    assert found["duration"] == {2: 2, 1: 2}
    assert found["interval"] == {2: 2}


def test_counts_of_portions_add_up() -> None:
    whole = added([distributions(rows([60, 62], [64] * 40))])
    assert added([distributions(rows([60, 62])), distributions(rows([64] * 40))]) == whole
    assert whole["pitch"] == [[60, 1], [62, 1], [64, 40]]
    assert whole["length"] == [[0, 1], [16, 1]]  # 20 quarters
    assert added([distributions(rows())])["pitch"] == []
