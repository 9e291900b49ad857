"""Charts and tables of the chapter Results."""

from dataclasses import replace

import pytest

from pipeline.report.inputs import ExperimentResults, Inputs
from pipeline.report.results.continuations import likeness
from pipeline.report.results.experiments import experiments
from pipeline.report.results.harmonization import harmonization
from pipeline.report.results.likelihood import calibration, position
from pipeline.report.results.novelty import novelty
from pipeline.report.results.overfitting import overfitting
from pipeline.report.results.statistics import statistics
from tests.helpers.passages import figures_of_passages
from tests.helpers.report import rows_of

MINUS = "\N{MINUS SIGN}"


@pytest.fixture(scope="module")
def passages() -> Inputs:
    figures = figures_of_passages()
    predictors = {"model": {"all": {"overall": {"n_pieces": 1}}}}
    first = ExperimentResults(
        "first", {}, {}, {"split": "test", "predictors": predictors, **figures}, {}, (), ()
    )
    return Inputs({}, [], [first], {}, {})


def test_the_dot_plot_has_each_predictor_of_held_out_experiments(inputs: Inputs) -> None:
    body = experiments(inputs).body
    for name in ("model", "model + memory", "n-gram", "n-gram with memory"):
        assert f'data-label="first, {name}: 1.250 bits per onset"' in body
    assert "learned" not in body


def test_the_lowest_loss_is_bold(inputs: Inputs) -> None:
    assert experiments(inputs).body.count('class="best"') == 1


def test_loss_by_position_and_family_size_has_its_tables(inputs: Inputs) -> None:
    rows = rows_of(position(inputs).body)
    assert "model " + " ".join(["2.500"] * 9) in rows
    assert "number of onsets " + " ".join(["4"] * 9) + " 0" in rows
    assert "2 or 3 2.750 2.750 2.750 2.750 2.750 7 3" in rows


def test_calibration_has_a_chart_of_tokens_and_one_of_pitches(inputs: Inputs) -> None:
    body = calibration(inputs).body
    assert body.count("<svg") == 2
    assert "accuracy by confidence of the most probable pitch, first" in body
    assert "first, n-gram with memory 0.062 0.062" in rows_of(body)


def test_experiments_without_held_out_pieces_have_no_charts(inputs: Inputs) -> None:
    learned = replace(inputs, experiments=inputs.overfitted)
    assert "<svg" not in position(learned).body + calibration(learned).body + likeness(learned).body
    assert "No experiment has held-out pieces." in experiments(learned).body


def test_overfitting_experiments_are_summarized_in_their_section(inputs: Inputs) -> None:
    section = overfitting(inputs)
    assert section.folded
    assert "learned 1.250 1.250 1.250 1.250 1.250 yes" in rows_of(section.body)


def test_similarity_is_a_dot_plot_with_intervals(inputs: Inputs) -> None:
    body = likeness(inputs).body
    assert 'data-label="first, model: F1 0.438 [0.312, 0.562]"' in body
    assert 'data-label="first, repeat the prompt: F1 0.250 [0.125, 0.375]"' in body


def test_harmonization_has_figures_for_each_choice_of_given_voices(inputs: Inputs) -> None:
    body = harmonization(inputs).body
    rows = rows_of(body)
    assert "soprano, tenor, bass 0.375 0.375 0.375 -0.250 [-0.500, -0.125] 0.125 0.625" in rows
    assert "model, sampled " + " ".join(["1.500"] * 9) + " 2" in rows
    assert 'data-label="parallel fifths, original: 0.25 per 100 chords"' in body


def test_statistics_compare_model_and_training_tunes_with_held_out_tunes(passages: Inputs) -> None:
    # the true tune ends F E D C, the training tune G A B C D, the model generates D E F G A B
    rows = rows_of(statistics(passages).body)
    assert "human reference: training tunes 0.000 0.400 0.000 1.000 1.000 1.000 1.000 1" in rows
    assert "model 0.500 0.500 0.000 1.000 1.000 1.000 1.000 1" in rows


def test_histograms_of_intervals_and_durations_are_drawn(passages: Inputs) -> None:
    body = statistics(passages).body
    assert "share of every interval in continuations of first" in body
    assert "share of every duration in continuations of first" in body


def test_novelty_has_the_shared_runs_of_model_and_human_tunes(passages: Inputs) -> None:
    rows = rows_of(novelty(passages).body)
    # two of six runs of four intervals; the held-out tune falls, the training tune rises
    assert "model 5.000 5 0.333 0.000 0.000 1" in rows
    assert "human reference: held-out tunes 0.000 0 0.000 0.000 1" in rows


def test_a_length_without_runs_is_stated(passages: Inputs) -> None:
    assert "the model shares nothing (no run is that long)" in novelty(passages).body


def test_the_nearest_tune_is_named_by_title_and_id(passages: Inputs) -> None:
    body = novelty(passages).body
    assert "The training/1 (training/1)" in body
    assert "The tune/1 (tune/1)" in body


def test_training_tunes_of_the_initial_weights_are_stated_as_not_searched(passages: Inputs) -> None:
    tuned = replace(passages.experiments[0], settings={"init_from": "melodies"})
    body = novelty(replace(passages, experiments=[tuned])).body
    assert "The training tunes of melodies, the initial weights, are not searched" in body
    assert "are not searched" not in novelty(passages).body
