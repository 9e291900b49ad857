from itertools import count

import pytest
import torch

from pipeline.decoding.continuation import continue_melodies
from pipeline.models.base.registry import build
from pipeline.workflow import progress
from tests.helpers.melodies import lstm, scales


@pytest.fixture(autouse=True)
def four_seconds_an_item(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count(0.0, 4.0)
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))


def test_a_plain_line_has_progress_and_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(progress.track("abcdefg", "reading tunes", 7, "files")) == list("abcdefg")
    assert capsys.readouterr().err.splitlines() == [
        "reading tunes: 3 of 7 files, about 16 s left",
        "reading tunes: 6 of 7 files, about 4 s left",
    ]


def test_short_tasks_and_the_last_item_print_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(list(progress.track(range(3), "reading tunes", 3))) == 3
    assert capsys.readouterr().err == ""


def test_no_line_is_printed_after_an_early_stop(capsys: pytest.CaptureFixture[str]) -> None:
    for item in progress.track(range(100), "continuing", 100):
        if item == 1:
            break
    assert capsys.readouterr().err == ""


def test_a_model_that_continues_many_pieces_shows_progress(capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(1)
    model = build(lstm())
    with torch.no_grad():
        model.output.bias[257] = -100.0
    continue_melodies(model, scales(), max_steps=6)
    assert capsys.readouterr().err.splitlines() == [
        "continuing 8 at once: 3 of 6 tokens, about 12 s left",
    ]
