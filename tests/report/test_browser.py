"""The report in a real browser without a network: drawn, played, searched, accessible, at three widths."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.chromium import asked_of_others, browser, needs_chromium, visit

__all__ = ["browser"]

PLAY = """
(async () => {
  await ready;
  const levels = [];
  for (const key of Object.keys(scores)) {
    const notes = scores[key].notes;
    const rate = 8000, seconds = Math.max(...notes.map((note) => note[1])) * SECONDS_A_QUARTER;
    const context = new OfflineAudioContext(1, Math.ceil((seconds + 0.5) * rate), rate);
    schedule(context, notes, 0);
    const samples = (await context.startRendering()).getChannelData(0);
    const loudest = (from, to) => samples.slice(Math.floor(from * rate), Math.floor(to * rate))
      .reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    const each = notes.map(([from, to]) => loudest(from * SECONDS_A_QUARTER, to * SECONDS_A_QUARTER));
    levels.push({
      quietest: Math.min(...each),
      loudest: loudest(0, seconds), after: loudest(seconds + 0.2, seconds + 0.5),
    });
  }
  return levels;
})()
"""
SCORES = """
(async () => {
  await ready;
  document.querySelectorAll("main details").forEach((part) => { part.open = true; });
  document.querySelectorAll("[hidden].sample").forEach((part) => { part.hidden = false; });
  fill();
  const seen = (part) => part.getBoundingClientRect().width > 0 && part.getBoundingClientRect().height > 0;
  return [...document.querySelectorAll(".sheet")].map((sheet) => ({
    drawn: [...sheet.querySelectorAll(".note")].filter(seen).length,
    wanted: scores[sheet.dataset.score].notes.flatMap((note) => note[5]).length,
  }));
})()
"""
PRESS = """
(async () => {
  await ready;
  const button = document.querySelector("button.play");
  button.click();
  for (let n = 0; n < 100 && !document.querySelector(".sounding"); n += 1) {
    await new Promise((done) => setTimeout(done, 30));
  }
  const during = [button.getAttribute("aria-pressed"), document.querySelectorAll(".sounding").length,
                  document.querySelectorAll("line.now").length];
  document.dispatchEvent(new KeyboardEvent("keydown", {key: "Escape"}));
  const after = [button.getAttribute("aria-pressed"), document.querySelectorAll(".sounding").length];
  return [during, after];
})()
"""
ROLL = """
(async () => {
  await ready;
  const roll = document.querySelector("#summary svg.roll");
  return Object.fromEntries(CLASSES.map((name) => [name, roll.querySelectorAll(`rect.${name}`).length]));
})()
"""
MUTE = """
(async () => {
  await ready;
  const card = document.querySelector("#harmonizations .card");
  const alto = card.querySelector('.voice[data-voice="1"]');
  const notes = () => [...card.querySelectorAll(".sheet .note.muted")].map((note) => note.id);
  card.querySelector("button.play").click();
  await new Promise((done) => setTimeout(done, 50));
  alto.click();
  const muted = [notes(), [...playing.gains].map(([voice, gain]) => [voice, gain.gain.value])];
  alto.click();
  const again = notes();
  stop();
  return [...muted, again];
})()
"""
SEARCH = """
(async () => {
  await ready;
  if (pieces === null) await loadPieces();
  const until = async (there) => {  // a busy machine draws later
    for (let n = 0; n < 100 && !there(); n += 1) await new Promise((done) => setTimeout(done, 30));
  };
  const rows = () => [...document.querySelectorAll("#pieces-rows tbody tr")];
  const titles = () => rows().map((row) => row.cells[0].textContent);
  const choose = (name, label) => {
    const control = document.getElementById(`pieces-${name}`);
    const options = [...(control.options ?? [])];
    control.value = options.find((option) => option.textContent === label)?.value ?? label;
    control.dispatchEvent(new Event("input"));
  };
  await until(() => rows().length > 0);
  const all = titles();
  choose("search", "enterich");
  await until(() => document.querySelector("#pieces-rows button.piece"));
  const found = titles();
  document.querySelector("#pieces-rows button.piece").click();
  const rects = document.querySelectorAll("#pieces-shown rect").length;
  for (let n = 0; n < 100 && playing === null; n += 1) await new Promise((done) => setTimeout(done, 30));
  const sounds = playing !== null;
  stop();
  choose("search", "");
  choose("split", "train");
  const train = titles();
  choose("split", "all");
  choose("reason", "tunes: too few notes");
  const rejected = titles();
  choose("reason", "all");
  document.querySelector('#pieces-rows button[data-column="split"]').click();
  const sorted = titles();
  return {all, found, rects, sounds, train, rejected, sorted,
          status: document.getElementById("pieces-status").textContent};
})()
"""
SORT = """
(() => {
  const table = document.querySelector("#distributions table");
  const head = [...table.tHead.rows[0].cells][1];
  const column = () => [...table.tBodies[0].rows].map((row) => row.cells[1].textContent);
  head.querySelector("button").click();
  const rising = [head.getAttribute("aria-sort"), column()];
  head.querySelector("button").click();
  return [rising, [head.getAttribute("aria-sort"), column()]];
})()
"""
HOVER = """
(() => {
  const mark = document.querySelector("#experiments svg.chart.wide [data-label]");
  mark.dispatchEvent(new PointerEvent("pointermove", {bubbles: true, clientX: 100, clientY: 100}));
  const shown = [tip.hidden, tip.textContent];
  document.body.dispatchEvent(new PointerEvent("pointermove", {bubbles: true}));
  return [shown, tip.hidden];
})()
"""
DOWNLOAD = """
(async () => {
  await ready;
  const saved = [];
  HTMLAnchorElement.prototype.click = function () {
    saved.push([this.download, this.href.slice(0, 5)]);
  };
  const button = (file) => document.querySelector(`#summary [data-file="${file}"]`);
  for (const file of ["mid", "musicxml"]) button(file).click();
  await new Promise((done) => setTimeout(done, 50));
  return saved;
})()
"""
FITS = """
(async () => {
  await ready;
  document.querySelectorAll("main details").forEach((part) => { part.open = true; });
  fill();
  const inside = ".wide, .sheet, pre, svg, [hidden]";
  const shownParts = [...document.querySelectorAll("main *")].filter((part) => part.checkVisibility());
  const beyond = shownParts.filter((part) => part.closest(inside) === null
    && part.getBoundingClientRect().right > innerWidth + 1);
  const fits = document.documentElement.scrollWidth <= innerWidth;
  return [fits, beyond.map((part) => part.outerHTML.slice(0, 80))];
})()
"""
AXE = """
(async () => {
  await ready;
  document.querySelectorAll("main details").forEach((part) => { part.open = true; });
  fill();
  const found = await axe.run({exclude: [["svg > *"]]}, {resultTypes: ["violations"], ...OPTIONS});
  return found.violations.filter((rule) => ["serious", "critical"].includes(rule.impact))
    .map((rule) => [rule.id, rule.nodes.length, rule.nodes[0].html.slice(0, 120)]);
})()
"""

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def report(html: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "index.html"
    path.write_text(html, encoding="utf-8")
    return path


def value_of(browser: int, report: Path, script: str, **screen: Any) -> Any:
    (value,), events = visit(browser, report, script, **screen)
    assert asked_of_others(events) == {report.as_uri()}
    return value


def test_every_score_is_drawn_with_all_its_notes(browser: int, report: Path) -> None:
    sheets = value_of(browser, report, SCORES)
    assert len(sheets) == 12
    assert all(sheet["drawn"] == sheet["wanted"] >= 3 for sheet in sheets)


def test_every_note_sounds_and_then_there_is_silence(browser: int, report: Path) -> None:
    levels = value_of(browser, report, PLAY)
    assert len(levels) == 12
    assert all(0.03 < sound["quietest"] <= sound["loudest"] < 1 for sound in levels)
    assert all(sound["after"] < 1e-3 for sound in levels)


def test_play_marks_the_sounding_note_and_the_time_and_stops(browser: int, report: Path) -> None:
    during, after = value_of(browser, report, PRESS)
    assert during == ["true", 1, 1]
    assert after == ["false", 0]


def test_prompt_original_and_model_have_their_colours(browser: int, report: Path) -> None:
    rects = value_of(browser, report, ROLL)
    assert rects["prompt"] == 13
    assert rects["truth"] > 10
    assert rects["generated"] == 2


def test_a_voice_of_a_harmonization_can_be_muted(browser: int, report: Path) -> None:
    muted, gains, again = value_of(browser, report, MUTE)
    assert muted == ["choir-1-sampled-1"]
    assert sorted(gains) == [[0, 1], [1, 0], [2, 1], [3, 1]]
    assert again == []


def test_pieces_are_found_sorted_shown_and_played(browser: int, report: Path) -> None:
    seen = value_of(browser, report, SEARCH)
    assert seen["all"] == ["Ente & <Enterich>", "Twin", "songs/<bad>", "songs/choral"]
    assert (seen["found"], seen["rects"], seen["sounds"]) == (["Ente & <Enterich>"], 27, True)
    assert (seen["train"], seen["rejected"]) == (["Twin"], ["songs/<bad>"])
    assert seen["sorted"] == ["songs/choral", "Ente & <Enterich>", "Twin", "songs/<bad>"]
    assert seen["status"] == "4 of 4 pieces"


def test_a_table_is_sorted_by_its_headings(browser: int, report: Path) -> None:
    rising, falling = value_of(browser, report, SORT)
    assert (rising[0], falling[0]) == ("ascending", "descending")
    assert rising[1] == sorted(rising[1])
    assert falling[1] == rising[1][::-1]


def test_a_mark_of_a_chart_shows_its_value(browser: int, report: Path) -> None:
    shown, hidden = value_of(browser, report, HOVER)
    assert shown == [False, "first, model: 1.250 bits per onset"]
    assert hidden


def test_scores_are_saved_as_midi_and_musicxml(browser: int, report: Path) -> None:
    names = ["first-1-sampled.mid", "first-1-sampled.musicxml"]
    assert value_of(browser, report, DOWNLOAD) == [[name, "blob:"] for name in names]


@pytest.mark.parametrize("width", [360, 390, 1280, 1920])
def test_nothing_is_wider_than_the_screen(browser: int, report: Path, width: int) -> None:
    assert value_of(browser, report, FITS, width=width) == [True, []]


@pytest.mark.parametrize(("dark", "options"), [(False, "{}"), (True, '{runOnly: ["color-contrast"]}')])
def test_axe_finds_nothing_serious(browser: int, report: Path, dark: bool, options: str) -> None:
    axe = files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    (_, violations), _ = visit(browser, report, f"{axe}\n;null", AXE.replace("OPTIONS", options), dark=dark)
    assert violations == []
