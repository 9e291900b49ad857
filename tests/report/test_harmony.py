"""What the page tells and shows of harmonies."""

import html
import json
import re
from pathlib import Path

import pytest

from pipeline.report.gallery import gallery
from pipeline.report.harmony import harmony
from pipeline.report.inputs import Inputs, read_inputs
from tests.helpers.report import PARAMS, VERSIONS, rows_of


@pytest.fixture
def inputs(data: Path) -> Inputs:
    return read_inputs(data, PARAMS, VERSIONS)


def test_every_choice_of_given_voices_has_its_figures(inputs: Inputs) -> None:
    rows = rows_of(harmony(inputs).body)
    assert "soprano, tenor, bass 0.375 0.375 0.375 -0.250 [-0.500, -0.125] 0.125 0.625" in rows
    assert "given alto" in rows
    assert "model 2 " + " ".join(["1.500"] * 9) in rows


def test_a_harmony_is_four_staves_that_sound_together(inputs: Inputs) -> None:
    body = gallery(inputs).body
    score = body[body.index('id="choir-1-reference"') :]
    notes = json.loads(html.unescape(re.findall(r'data-notes="([^"]*)"', score)[0]))
    assert [begin for begin, *_ in notes].count(0.0) == 4
    assert len(notes) == 5  # the alto moves alone
    for voice in ("Soprano", "Alto", "Tenor", "Bass"):
        assert voice in score
