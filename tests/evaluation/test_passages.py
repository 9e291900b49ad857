from pipeline.core.vocabulary import STOP
from pipeline.evaluation.passages import HELD_OUT, TRAINING
from tests.helpers.passages import SCALE, passages_of

LONG = [60 + step % 12 for step in range(40)]


def test_human_passages_precede_those_of_predictors() -> None:
    found = passages_of([SCALE], [SCALE[::-1]], model=[[[67, 69], [67, 65, STOP]]])
    assert [(each.predictor, each.sample, each.tokens.tolist()) for each in found] == [
        (HELD_OUT, 0, SCALE[4:]),
        (TRAINING, 0, SCALE[::-1][4:]),
        ("model", 0, [67, 69]),
        ("model", 1, [67, 65]),
    ]
    assert [each.tune for each in found] == [-1, 0, -1, -1]
    assert [each.prompt for each in found] == [0, 1, 0, 0]


def test_every_passage_ends_at_the_last_horizon() -> None:
    # ten quarters after the last onset of the prompt; the note in the last step keeps its end
    found = passages_of([LONG], [LONG], model=[[LONG]])
    assert [len(each.tokens) for each in found] == [10, 10, 10]


def test_training_passages_are_as_many_as_samples() -> None:
    found = passages_of([SCALE], [SCALE] * 5, model=[[SCALE, SCALE]])
    assert [each.predictor for each in found].count(TRAINING) == 2
