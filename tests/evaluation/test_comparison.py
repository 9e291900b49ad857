import numpy as np
import pytest

from pipeline.core.vocabulary import START, STOP
from pipeline.evaluation.baselines.predictors import Copy, Memory
from pipeline.evaluation.comparison import COPY, MODEL, NGRAM, compare, figures_by_group, intervals, rounded
from pipeline.evaluation.metrics.likelihood import measure
from pipeline.models.base.examples import Example, cut_at_note
from tests.helpers.token_rows import ROWS


def tune(*tokens: int) -> Example:
    return cut_at_note([START, *tokens, STOP], 0.5)


EXAMPLES = [tune(60, 62, 190, 190), tune(60, 64), tune(67, 195, 65, 193, 193, 193)]
TABLE = compare({MODEL: Copy(0.3), COPY: Copy(0.6)}, ROWS, EXAMPLES)


def test_every_predictor_is_measured_on_every_piece() -> None:
    assert TABLE.column("predictor").to_pylist() == [MODEL] * 3 + [COPY] * 3
    assert TABLE.column("piece_id").to_pylist() == ["ballads/1", "ballads/2", "reels/1"] * 2
    assert TABLE.column("n_onset").to_pylist() == [1, 1, 1] * 2


def test_figures_are_given_by_corpus_and_without_relatives() -> None:
    of_model = figures_by_group(TABLE, 2)[MODEL]
    assert of_model["all"]["overall"]["n_pieces"] == 3
    assert list(of_model["all"]["corpora"]) == ["ballads", "reels"]
    assert of_model["all"]["corpora"]["ballads"]["n_tokens"] == 4
    assert of_model["without_soft_relatives"]["overall"]["n_pieces"] == 2
    assert of_model["without_soft_relatives"]["corpora"]["ballads"]["n_pieces"] == 1


def test_a_group_without_pieces_has_no_figures() -> None:
    related = compare({MODEL: Copy(0.3)}, ROWS.slice(0, 1), EXAMPLES[:1])
    assert figures_by_group(related, 2)[MODEL]["without_soft_relatives"] is None


def test_differences_are_paired_on_the_pieces() -> None:
    found = intervals(TABLE, seed=1)
    assert list(found) == [MODEL, COPY, "model - copy"]
    overall = figures_by_group(TABLE, 2)
    assert found[MODEL]["value"] == pytest.approx(overall[MODEL]["all"]["overall"]["bits_per_onset"])
    assert found["model - copy"]["value"] == pytest.approx(found[MODEL]["value"] - found[COPY]["value"])
    assert (
        found["model - copy"]["high"] - found["model - copy"]["low"]
        < found[COPY]["high"] - found[COPY]["low"]
    )


def test_the_order_of_pieces_changes_no_figure() -> None:
    backwards = compare({MODEL: Copy(0.3), COPY: Copy(0.6)}, ROWS.take([2, 1, 0]), EXAMPLES[::-1])
    assert figures_by_group(backwards, 2) == figures_by_group(TABLE, 2)
    assert intervals(backwards, seed=1) == intervals(TABLE, seed=1)


def test_floats_are_rounded_to_six_digits_and_nothing_else_is() -> None:
    value = {"a": [1.23456789, 1234567, None], "b": {"c": np.pi * 1e-9, "d": "x"}}
    assert rounded(value) == {"a": [1.23457, 1234567, None], "b": {"c": 3.14159e-09, "d": "x"}}


def test_a_memory_is_mixed_into_the_model_and_the_copy_stays_alone() -> None:
    memory = Memory.fit(EXAMPLES, None, 1.0)
    reminded = compare({MODEL: Copy(0.3), COPY: Copy(0.6)}, ROWS, EXAMPLES, memory)
    assert reminded.column("predictor").to_pylist() == [MODEL] * 3 + ["model_memory"] * 3 + [COPY] * 3
    alone = reminded.take([0, 1, 2, 6, 7, 8])
    assert alone.equals(TABLE)
    expected = [
        measure(memory.mixed_with(scores, tune), tune).onset_nats
        for scores, tune in zip(Copy(0.3).log_probs(EXAMPLES), EXAMPLES, strict=True)
    ]
    assert reminded.column("onset_nats").to_pylist()[3:6] == expected


def test_model_and_n_gram_with_the_same_memory_are_compared() -> None:
    memory = Memory.fit(EXAMPLES, None, 1.0)
    found = intervals(compare({MODEL: Copy(0.3), NGRAM: Copy(0.6)}, ROWS, EXAMPLES, memory), seed=1)
    difference = found["model_memory"]["value"] - found["ngram_memory"]["value"]
    assert found["model_memory - ngram_memory"]["value"] == pytest.approx(difference)
    assert difference != 0
