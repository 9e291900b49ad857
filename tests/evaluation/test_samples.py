from pathlib import Path
from typing import Any

import music21
import numpy as np

from pipeline.core.vocabulary import START, STOP
from pipeline.evaluation.samples import Sample, choose, longest, write_samples
from pipeline.formats.writers.layout import layout_of
from pipeline.models.base.examples import cut_at_note

ROW: dict[str, Any] = {
    "piece_id": "essen/x#1",
    "corpus": "essen",
    "title": "A tune",
    "relative_of": None,
    "relation": None,
    "likeness": None,
    "voices": 1,
    "steps_per_quarter": 2,
    "steps_per_bar": 4,
    "step_in_bar": [0, 0, 1, 2, 3, 0],
    "key_fifths": 2,
    "transposition": -2,
}
EXAMPLE = cut_at_note([START, 60, 62, 190, 64, 192, 60, STOP], 0.5)


def sample(greedy: list[int], sampled: list[int]) -> Sample:
    continuations = {"greedy": np.array(greedy, np.uint16), "sampled": np.array(sampled, np.uint16)}
    return Sample(ROW, EXAMPLE, continuations)


def test_pieces_are_chosen_by_name_whatever_their_order() -> None:
    names = [f"essen/{number}" for number in range(50)]
    chosen = [names[index] for index in choose(names, 10, seed=1)]
    turned = names[::-1]
    assert [turned[index] for index in choose(turned, 10, seed=1)] == chosen
    assert [names[index] for index in choose(names, 10, seed=2)] != chosen
    assert sorted(choose(names[:3], 10, seed=1)) == [0, 1, 2]


def test_a_continuation_may_be_as_long_as_the_longest_piece() -> None:
    assert longest([EXAMPLE, cut_at_note([START, 60, 64, 62, 65, STOP], 0.5, voices=2)]) == 6


def test_bars_follow_the_anacrusis() -> None:
    assert layout_of(ROW, 3).first_bar == 1
    assert layout_of({**ROW, "step_in_bar": [0, 1, 2, 3, 0, 1]}, 3).first_bar == 0
    assert layout_of({**ROW, "step_in_bar": None, "steps_per_bar": None}, 3).first_bar == 0
    assert layout_of({**ROW, "title": "", "key_fifths": None}, 3).title == "essen/x#1"


def test_samples_open_in_the_key_of_the_piece(tmp_path: Path) -> None:
    written = write_samples(tmp_path / "samples", [sample([64, 192, 60, STOP], [0, 128, 66])])[0]
    assert len(list((tmp_path / "samples").iterdir())) == 6
    for suffix in ("mid", "musicxml"):
        path = tmp_path / written["files"]["greedy"][suffix]
        score = music21.converter.parse(path, forceSource=True)
        assert [note.pitch.midi for note in score.stripTies().flatten().notes] == [62, 64, 66, 62]
        sampled = music21.converter.parse(tmp_path / written["files"]["sampled"][suffix], forceSource=True)
        assert [note.pitch.midi for note in sampled.stripTies().flatten().notes] == [62, 64, 68]


def test_a_sample_has_the_time_signature_and_the_key_used_of_its_piece(tmp_path: Path) -> None:
    row = {**ROW, "meter": "4/8", "key_mode": "major", "tonic_pc": 2, "mode_used": "minor"}
    shown = Sample(row, EXAMPLE, sample([STOP], [STOP]).continuations)
    written = write_samples(tmp_path / "samples", [shown])[0]
    score = music21.converter.parse(tmp_path / written["files"]["reference"]["musicxml"], forceSource=True)
    assert score.flatten().timeSignature.ratioString == "4/8"
    assert (score.flatten().keySignature.sharps, score.flatten().keySignature.mode) == (-1, "minor")


def test_a_continuation_has_regular_bars_where_the_piece_has_others(tmp_path: Path) -> None:
    row = {**ROW, "step_in_bar": [0, 1, 2, 3, 0, 0], "steps_per_bar": 4}
    shown = Sample(row, EXAMPLE, sample([64, 192, 60, STOP], [STOP]).continuations)
    written = write_samples(tmp_path / "samples", [shown])[0]
    bars = {}
    for ending in ("reference", "greedy"):
        path = tmp_path / written["files"][ending]["musicxml"]
        part = music21.converter.parse(path, forceSource=True).parts[0]
        bars[ending] = [bar.offset for bar in part.getElementsByClass("Measure")]
    assert bars == {"reference": [0, 2, 2.5], "greedy": [0, 2]}


def test_samples_are_saved_with_the_reference(tmp_path: Path) -> None:
    exact = write_samples(tmp_path / "samples", [sample([64, 192, 60, STOP], [0, 128, 66])])[0]
    assert (exact["source"], exact["reference"]) == ([60, 62, 190], [64, 192, 60, STOP])
    assert (exact["greedy"], exact["sampled"]) == ([64, 192, 60, STOP], [0, 128, 66])
    assert exact["exact"] == 1
    assert exact["stopped"] == {"greedy": 1, "sampled": 0}
    assert not sample([64, 192, 60], [STOP]).exact


def test_a_model_that_stops_at_once_leaves_the_source(tmp_path: Path) -> None:
    written = write_samples(tmp_path / "samples", [sample([STOP], [STOP])])[0]
    score = music21.converter.parse(tmp_path / written["files"]["greedy"]["musicxml"], forceSource=True)
    assert [note.pitch.midi for note in score.stripTies().flatten().notes] == [62, 64]
