"""The page in a real browser with no network: drawn, heard, and asking nobody for anything."""

from pathlib import Path

import pytest

from pipeline.report import page
from tests.helpers.chromium import asked_of_others, browser, needs_chromium, visit
from tests.helpers.report import PARAMS, VERSIONS

__all__ = ["browser"]

HEAR = """
(async () => {
  const heard = [];
  for (const button of document.querySelectorAll("button.play")) {
    const notes = JSON.parse(button.dataset.notes);
    const rate = 8000, seconds = Math.max(...notes.map((note) => note[1])) * SECONDS_A_QUARTER;
    const context = new OfflineAudioContext(1, Math.ceil((seconds + 0.5) * rate), rate);
    schedule(context, notes, 0);
    const samples = (await context.startRendering()).getChannelData(0);
    const loudest = (from, to) => samples.slice(Math.floor(from * rate), Math.floor(to * rate))
      .reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    const each = notes.map(([from, to]) => loudest(from * SECONDS_A_QUARTER, to * SECONDS_A_QUARTER));
    heard.push({
      quietest: Math.min(...each),
      loudest: loudest(0, seconds), after: loudest(seconds + 0.2, seconds + 0.5),
    });
  }
  return heard;
})()
"""
SEE = """
[...document.querySelectorAll("figure.playable")].map((figure) => {
  figure.closest("details").open = true;
  const seen = (part) => part.getBoundingClientRect().width > 0 && part.getBoundingClientRect().height > 0;
  return {notes: [...figure.querySelectorAll(".note")].filter(seen).length,
          wanted: JSON.parse(figure.querySelector("button").dataset.notes).flatMap((note) => note[3]).length};
})
"""
PRESS = """
(async () => {
  const button = document.querySelector("button.play");
  button.click();
  const playing = button.textContent;
  await new Promise((done) => setTimeout(done, 400));
  const sounding = document.querySelectorAll(".sounding").length;
  document.dispatchEvent(new KeyboardEvent("keydown", {key: "Escape"}));
  return [playing, sounding, button.textContent, document.querySelectorAll(".sounding").length];
})()
"""
WIDTH = "document.documentElement.scrollWidth <= innerWidth"

pytestmark = needs_chromium


@pytest.fixture
def report(data: Path) -> Path:
    path = data / "index.html"
    path.write_text(page(data, PARAMS, VERSIONS), encoding="utf-8")
    return path


def test_nothing_is_asked_of_anybody_and_nothing_goes_wrong(browser: int, report: Path) -> None:
    _, events = visit(browser, report, SEE)
    assert asked_of_others(events) == {report.as_uri()}


def test_every_score_is_drawn_with_all_its_notes(browser: int, report: Path) -> None:
    (figures,), _ = visit(browser, report, SEE)
    assert len(figures) == 7
    assert all(figure["notes"] == figure["wanted"] >= 3 for figure in figures)


def test_every_note_sounds_and_then_there_is_silence(browser: int, report: Path) -> None:
    (heard,), _ = visit(browser, report, HEAR)
    assert len(heard) == 7
    assert all(0.05 < sound["quietest"] <= sound["loudest"] < 0.9 for sound in heard)
    assert all(sound["after"] < 1e-3 for sound in heard)


def test_a_button_plays_marks_what_sounds_and_stops(browser: int, report: Path) -> None:
    ((playing, sounding, after, left),), _ = visit(browser, report, PRESS)
    assert (playing, after, left) == ("Stop", "Play", 0)
    assert sounding == 1


@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_is_as_wide_as_the_screen(browser: int, report: Path, width: int) -> None:
    (fits,), _ = visit(browser, report, WIDTH, width=width)
    assert fits
