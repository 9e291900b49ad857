"""Models conditioned on the chord of the step to predict and on the next chord."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.core.vocabulary import IGNORE_INDEX, PAD_ID, START, STOP
from pipeline.models.base.batches import Batch, collate
from pipeline.models.base.chord_numbers import N_CHORDS, harte_of, numbers_of, transposed, with_next
from pipeline.models.base.examples import ContinueExample, Example, cut_at_note, give_voices
from pipeline.models.base.interface import Seq2Seq
from pipeline.models.base.registry import build
from pipeline.training.augmentation import transposed as in_other_keys
from tests.helpers.melodies import copying, lstm, scale, scales, training

KINDS = [copying(chords=True), copying(chords=True, layers=2), lstm(chords=True)]


def network(shape: Any) -> Seq2Seq:
    torch.manual_seed(1)
    return build(shape)


def sung(*chords: str | None, cut: float = 0.5) -> ContinueExample:
    """A rising scale, one step and one chord a note."""
    return cut_at_note(scale(60, len(chords)), cut, chords=numbers_of(chords))


def duet() -> ContinueExample:
    """Four steps of two voices with a change in the source and one in the target."""
    chords = numbers_of(["C:maj", "G:7", "G:7", "C:maj"])
    return cut_at_note([START, 64, 60, 65, 62, 67, 59, 72, 60, STOP], 0.5, voices=2, chords=chords)


def stepped(model: Seq2Seq, batch: Batch) -> torch.Tensor:
    state, rows = model.start(batch), []
    for symbols in batch.inputs.masked_fill(batch.inputs == PAD_ID, 0).T:
        logits, state = model.step(state, symbols)
        rows.append(logits)
    return torch.stack(rows, dim=1)


def test_a_chord_is_its_root_and_quality() -> None:
    same = ["D:7", "D:9", "D:7(b9)/3", "D:13"]
    assert len(set(numbers_of(same).tolist())) == 1
    assert len(set(numbers_of([None, "N", "X", "D:7", "D:maj", "D:min", "E:7"]).tolist())) == 7


@pytest.mark.parametrize("number", range(N_CHORDS))
def test_every_number_is_that_of_its_own_chord(number: int) -> None:
    assert numbers_of([harte_of(number)]).tolist() == [number]


def test_transposition_moves_roots_and_nothing_else() -> None:
    moved = transposed(numbers_of([None, "N", "X", "A:min7", "B:maj"]), 3)
    assert [harte_of(number) for number in moved] == [None, "N", "X", "C:min7", "D:maj"]


def test_the_next_chord_and_the_steps_until_it() -> None:
    c, g = numbers_of(["C:maj", "G:7"])
    assert with_next([c, c, g, g]).tolist() == [[c, g, 2], [c, g, 1], [g, 0, 0], [g, 0, 0]]


def test_a_batch_has_the_chords_of_every_step_and_zeros_for_a_piece_without() -> None:
    batch = collate([sung("C:maj", "G:7", "G:7"), cut_at_note(scale(60, 2), 0.5)])
    c, g = numbers_of(["C:maj", "G:7"])
    assert batch.chords.tolist() == [[[c, g, 1], [g, 0, 0], [g, 0, 0]], [[0, 0, 0]] * 3]


@pytest.mark.parametrize("shape", KINDS, ids=str)
def test_one_pass_equals_step_by_step_decoding(shape: Any) -> None:
    model = network(shape)
    short, long = sung("C:maj", "G:7"), sung("A:min", "A:min", None, "N", "F:maj", "X", cut=0.3)
    for examples in ([short, long], [duet()], [*scales(), long]):
        batch = collate(examples)
        there = batch.target != IGNORE_INDEX
        torch.testing.assert_close(model(batch)[there], stepped(model, batch)[there], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", KINDS, ids=str)
def test_a_chord_changes_the_step_that_it_belongs_to(shape: Any) -> None:
    model = network(shape)
    one, other = (model(collate([sung(*["C:maj"] * 5, last)])) for last in ("C:maj", "G:maj"))
    assert not torch.allclose(one[0, 2], other[0, 2])


def test_a_chord_that_is_not_the_next_one_changes_no_earlier_step() -> None:
    model = network(copying(chords=True))
    one, other = (
        model(collate([sung("C:maj", "F:maj", "G:maj", last, cut=0.25)])) for last in ("C:maj", "D:min")
    )
    torch.testing.assert_close(one[0, 0], other[0, 0])
    assert not torch.allclose(one[0, 1], other[0, 1])


@pytest.mark.parametrize("shape", KINDS, ids=str)
def test_the_last_chord_holds_beyond_the_given_ones(shape: Any) -> None:
    model, example = network(shape), sung("C:maj", "G:7", "G:7", "G:7")
    given = replace(example, chords=numbers_of(["C:maj", "G:7"]))
    torch.testing.assert_close(model(collate([example])), model(collate([given])))


@pytest.mark.parametrize("kind", [copying, lstm])
def test_a_model_without_chords_has_the_same_weights_and_predictions_as_before(kind: Any) -> None:
    plain = network(kind())
    explicit = network(kind(chords=False))
    for (name, weight), (other, same) in zip(
        plain.named_parameters(), explicit.named_parameters(), strict=True
    ):
        assert name == other
        assert torch.equal(weight, same)
    with_symbols = sung("C:maj", "G:7", "F:maj", "C:maj")
    without = replace(with_symbols, chords=None)
    assert torch.equal(plain(collate([with_symbols])), explicit(collate([without])))


@pytest.mark.parametrize("kind", [copying, lstm])
def test_the_settings_of_a_model_without_chords_are_written_as_before(kind: Any) -> None:
    assert "chords" not in kind(chords=False).model_dump()
    assert kind(chords=True).model_dump()["chords"] is True


def test_onehot_input_with_chords_is_refused() -> None:
    with pytest.raises(ValueError, match="chords need input: embedding"):
        lstm(input="onehot", chords=True)


def test_a_given_voice_has_chords_in_source_and_target() -> None:
    model = network(lstm(chords=True))
    tokens = [START, 64, 60, 65, 62, STOP]

    def harmony(last: str) -> Example:
        return give_voices(tokens, [0], 2, chords=numbers_of(["C:maj", last]))

    one, other = (model(collate([harmony(last)])) for last in ("C:maj", "G:maj"))
    assert not torch.allclose(one[0, 3], other[0, 3])


def test_augmentation_transposes_chords_with_the_notes() -> None:
    original, shifts = sung("C:maj", "N", "G:7", "A:min"), set()
    for epoch in range(20):
        (moved,) = in_other_keys([original], training(transpose_semitones=4), epoch)
        shift = int(moved.source[0]) - int(original.source[0])
        assert moved.chords is not None
        assert original.chords is not None
        assert np.array_equal(moved.chords, transposed(original.chords, shift))
        shifts.add(shift)
    assert len(shifts) > 4


def test_another_cut_keeps_the_chords() -> None:
    example = sung("C:maj", "N", "G:7", "A:min")
    assert example.recut(0.25).chords is example.chords
