from collections import Counter

import numpy as np
import pytest

from pipeline.core.vocabulary import START, STOP
from pipeline.evaluation.baselines.continuations import (
    ContinuationBaseline,
    Markov,
    NoteEvent,
    OtherTune,
    RepeatNote,
    RepeatSource,
    Tokens,
    events,
)
from pipeline.models.base.examples import ContinueExample, Example, cut_at_note


def tune(*tokens: int, cut: float = 0.5, voices: int = 1) -> Example:
    return cut_at_note([START, *tokens, STOP], cut, voices)


def continued_by(continuer: ContinuationBaseline, example: Example, n_steps: int, seed: int = 0) -> list[int]:
    return continuer.continue_source(example, n_steps, np.random.default_rng(seed)).tolist()


def is_valid(example: Example, tokens: list[int]) -> bool:
    whole = ContinueExample(example.source, np.array([*tokens, STOP], np.uint16), example.voices)
    return bool(whole.valid()[np.arange(len(tokens)), tokens].all())


def test_the_source_is_repeated_from_its_beginning() -> None:
    example = tune(60, 188, 62, 64, 65, 67)  # source: C4 held, D4
    assert continued_by(RepeatSource(), example, 5) == [60, 188, 62, 60, 188]


def test_the_last_note_is_repeated_with_its_length_and_its_silence() -> None:
    example = tune(60, 62, 190, 0, 64, 65)  # source: C4, D4 held, a silence
    assert continued_by(RepeatNote(), example, 7) == [62, 190, 0, 62, 190, 0, 62]


def test_every_voice_repeats_its_own_last_note() -> None:
    example = tune(67, 60, 195, 62, 69, 190, 71, 64, cut=0.4, voices=2)
    assert example.source.tolist() == [67, 60, 195, 62]
    assert continued_by(RepeatNote(), example, 3) == [67, 62, 195, 62, 67, 62]


def test_another_tune_is_continued_as_written() -> None:
    other = tune(50, 52, 53, 55)
    assert continued_by(OtherTune.fit([other]), tune(60, 62, 64, 65), 3) == [53, 55, 53]


@pytest.mark.parametrize(
    "continuer", [RepeatSource(), RepeatNote(), OtherTune((np.array([190, 64], np.uint16),))]
)
def test_seams_obey_the_grammar(continuer: ContinuationBaseline) -> None:
    silent_ends = tune(60, 188, 0, 128, 62, 64, cut=0.4)
    assert is_valid(silent_ends, continued_by(continuer, silent_ends, 12))


def test_notes_with_their_silences_are_events() -> None:
    tokens: Tokens = np.array([0, 60, 188, 0, 128, 62, STOP], np.uint16)
    assert list(events(tokens)) == [NoteEvent(60, 2, 2), NoteEvent(62, 1, 0)]


def test_a_chain_of_one_tune_reproduces_it() -> None:
    trained_on = tune(60, 62, 190, 64, 0, 65, 67, cut=0.4)
    assert continued_by(Markov.fit([trained_on], order=3), trained_on, 4) == [64, 0, 65, 67]


def test_a_chain_samples_in_proportion_to_counts() -> None:
    # after C4 comes D4 three times and E4 once
    trained_on = [tune(60, 62), tune(60, 62), tune(60, 62), tune(60, 64)]
    chain = Markov.fit(trained_on, order=1)
    sampled = Counter(continued_by(chain, trained_on[0], 1, seed)[0] for seed in range(400))
    assert set(sampled) == {62, 64}
    assert sampled[62] / 400 == pytest.approx(0.75, abs=0.06)


def test_an_unknown_context_is_shortened() -> None:
    chain = Markov.fit([tune(60, 62, 64)], order=2)
    strange = tune(71, 62, 65, cut=0.7)  # only the D4 of B4 D4 is known
    assert continued_by(chain, strange, 1) == [64]


def test_samples_depend_on_the_seed() -> None:
    trained_on = [tune(60, 62, 64, 60, 65, 60, 67), tune(60, 64, 62, 60, 71, 72)]
    chain = Markov.fit(trained_on, order=2)
    runs = [continued_by(chain, trained_on[0], 30, seed) for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]
