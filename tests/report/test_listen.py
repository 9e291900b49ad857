"""Cards: the notes that are engraved, played and coloured."""

import json
import re
from dataclasses import replace

import pytest

from pipeline.report.data.rejections import rejections
from pipeline.report.inputs import Inputs
from pipeline.report.listen.harmonizations import harmonizations
from pipeline.report.listen.samples import covers, overfitting_samples
from pipeline.report.scores import GENERATED, PROMPT, SHARED, TRUTH, PlayableScore


@pytest.fixture(scope="module")
def scores(inputs: Inputs) -> dict[str, PlayableScore]:
    """All scores of the first screen and of the harmonizations."""
    found = [*(score for card in covers(inputs) for score in card.scores), *harmonizations(inputs).scores]
    return {score.key: score for score in found}


def of_origin(score: PlayableScore, origin: int) -> list[int]:
    return [pitch for _, _, pitch, _, came_from, _ in score.notes if came_from == origin]


def test_a_continuation_has_the_prompt_and_the_generated_notes(scores: dict[str, PlayableScore]) -> None:
    sampled = scores["first-1-sampled"]
    assert of_origin(sampled, PROMPT) == [60, 62, 64, 65, 67, 67, 69, 69, 69, 69, 67, 69, 69]
    assert of_origin(sampled, GENERATED) == [67, 60]
    assert sampled.svg.count('class="note generated"') == 3  # the note of five quarters crosses a bar line


def test_the_original_is_marked_as_true(scores: dict[str, PlayableScore]) -> None:
    original = scores["first-1-reference"]
    assert of_origin(original, GENERATED) == []
    assert of_origin(original, PROMPT) == of_origin(scores["first-1-sampled"], PROMPT)
    assert of_origin(original, TRUTH)[-1] == 60


def test_every_note_that_is_played_is_drawn(scores: dict[str, PlayableScore]) -> None:
    for score in scores.values():
        for begin, end, pitch, _, _, numbers in score.notes:
            assert 0 <= begin < end
            assert 0 < pitch < 128
            assert all(score.svg.count(f'id="{score.key}-{number}"') == 1 for number in numbers)


def test_the_nearest_training_tune_is_a_staff_with_the_shared_run_marked(
    inputs: Inputs, scores: dict[str, PlayableScore]
) -> None:
    # the sample ends G A G C, of which the model generates G C; the training tune has D E D G in its middle
    nearest = scores["first-1-nearest"]
    assert of_origin(nearest, SHARED) == [62, 64, 62, 55]
    assert "nearest training tune: Twin (songs/twin), 3 successive intervals" in covers(inputs)[0].html


def test_samples_come_before_greedy_decoding(inputs: Inputs) -> None:
    (card,) = covers(inputs)
    keys = re.findall(r'class="sheet" data-score="([^"]+)"', card.html)
    assert keys == ["first-1-sampled", "first-1-nearest", "first-1-reference", "first-1-greedy"]


def test_a_card_states_time_signature_and_key(inputs: Inputs) -> None:
    (card,) = covers(inputs)
    assert "songs/ente · 4/4 · no sharps or flats · model first" in card.html


def test_a_score_can_be_downloaded_as_midi_and_musicxml(scores: dict[str, PlayableScore]) -> None:
    files = scores["first-1-sampled"].files
    assert files["mid"].startswith("TVRoZ")  # MThd in base64
    assert "<score-partwise" in files["musicxml"]
    json.dumps(scores["first-1-sampled"].as_json())


def test_a_harmonization_has_a_colour_for_generated_voices_and_a_switch_for_each(
    inputs: Inputs, scores: dict[str, PlayableScore]
) -> None:
    sampled = scores["choir-1-sampled"]
    assert {voice for *_, voice, origin, _ in sampled.notes if origin == GENERATED} == {1}
    assert {voice for *_, voice, origin, _ in sampled.notes if origin == PROMPT} == {0, 2, 3}
    assert len(scores["choir-1-reference"].notes) == 5  # the alto alone moves
    body = harmonizations(inputs).body
    assert re.findall(r'class="voice (\w+)"[^>]*>(\w+) ', body) == [
        ("prompt", "Soprano"),
        ("generated", "Alto"),
        ("prompt", "Tenor"),
        ("prompt", "Bass"),
    ]


def test_overfitting_experiments_have_a_section_of_their_own(inputs: Inputs) -> None:
    assert overfitting_samples(inputs).scores[0].key == "learned-1-sampled"
    alone = replace(inputs, experiments=inputs.overfitted)
    assert covers(alone)[0].scores[0].key == "learned-1-sampled"
    assert overfitting_samples(alone).scores == []


def test_a_rejected_piece_is_engraved_with_its_reason(inputs: Inputs) -> None:
    section = rejections(inputs)
    assert (
        "songs/&lt;bad&gt;, rejected by the filter of tunes: too few notes, found 3, limit 8" in section.body
    )
    (score,) = section.scores
    assert [pitch for _, _, pitch, *_ in score.notes] == [60, 64, 67]
