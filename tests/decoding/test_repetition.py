import numpy as np
import pytest

from pipeline.core.vocabulary import STOP
from pipeline.decoding.repetition import RepetitionCosts
from pipeline.models.base.bars import Bars
from pipeline.models.base.examples import ContinueExample, Example


def source(*tokens: int, bar: int = 2, voices: int = 1) -> Example:
    n_steps = len(tokens) // voices
    bars = Bars(bar, (np.arange(n_steps) % bar).astype(np.int16))
    return ContinueExample(np.array(tokens, np.uint16), np.array([STOP], np.uint16), voices, bars)


def charged(*examples: Example, nats: float = 1.0) -> list[dict[int, float]]:
    """Tokens with a cost, of each example."""
    costs = RepetitionCosts.start(nats, examples).of_candidates()
    return [{int(s): float(row[s]) for s in np.flatnonzero(row)} for row in costs]


def test_the_continuation_of_the_repeated_bar_has_a_cost() -> None:
    assert charged(source(60, 62, 64, 60, 62)) == [{64: 1.0}]
    assert charged(source(60, 62, 64, 60, 62), nats=0.5) == [{64: 0.5}]


def test_a_match_shorter_than_a_bar_is_free() -> None:
    assert charged(source(60, 62, 64, 65, 62)) == [{}]
    assert charged(source(60, 62, 64, 60, 62, bar=3)) == [{}]


def test_every_occurrence_adds_its_cost() -> None:
    assert charged(source(60, 62, 60, 62, 60, 62)) == [{60: 2.0}]
    assert charged(source(60, 62, 64, 60, 62, 65, 60, 62)) == [{64: 1.0, 65: 1.0}]


def test_repetition_of_the_continuation_costs_as_much_as_of_the_source() -> None:
    costs = RepetitionCosts.start(1.0, [source(60, 62, 64, 60)]).append(np.array([62]))
    assert np.flatnonzero(costs.of_candidates()[0]).tolist() == [64]


def test_matches_in_another_voice_are_not_repetitions() -> None:
    tune = source(60, 48, 60, 48, 60, 48, bar=1, voices=2)
    assert charged(tune) == [{60: 2.0}]
    shifted = RepetitionCosts.start(1.0, [source(60, 60, 60, 60, bar=1, voices=2)])
    assert shifted.of_candidates()[0, 60] == 1.0  # two steps before, never one token before


def test_padding_before_shorter_sources_does_not_match() -> None:
    alone, together = charged(source(60, 62, 64)), charged(source(60, 62, 64), source(*[60, 62] * 4))
    assert together[0] == alone[0] == {}
    assert together[1] == {60: pytest.approx(3.0)}
