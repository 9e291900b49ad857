"""The page in a real browser with no network: drawn, heard, and asking nobody for anything."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from pipeline.report import page
from tests.report.conftest import PARAMS, VERSIONS

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SECONDS = 60
PORT_FILE = "DevToolsActivePort"  # Chromium writes its port there
WATCHED = (
    "Log.entryAdded",
    "Runtime.exceptionThrown",
    "Runtime.consoleAPICalled",
    "Network.requestWillBeSent",
)

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

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (Debian: apt-get install chromium)")


class Tab:
    """A page in the browser, spoken to by the DevTools protocol."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.events: list[dict[str, Any]] = []
        self.calls = 0

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        self.calls += 1
        await self.socket.send_json({"id": self.calls, "method": method, "params": params})
        while True:
            message = await self.socket.receive_json(timeout=SECONDS)
            if message.get("id") == self.calls:
                assert "error" not in message, message
                return dict(message["result"])
            self.events.append(message)

    async def ask(self, script: str) -> Any:
        found = await self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"]["value"]

    async def open(self, address: str) -> None:
        for domain in ("Page", "Log", "Runtime", "Network"):
            await self.call(f"{domain}.enable")
        everything = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
        await self.call("Network.emulateNetworkConditions", **everything)
        await self.call("Page.navigate", url=address)
        while await self.ask("document.readyState") != "complete":
            await asyncio.sleep(0.05)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a browser without a window."""
    profile = tmp_path_factory.mktemp("profile")
    options = ("--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0")
    quiet = (
        "--disable-background-networking",
        "--no-first-run",
        "--autoplay-policy=no-user-gesture-required",
    )
    command = [str(CHROMIUM), *options, *quiet, f"--user-data-dir={profile}", "about:blank"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield asyncio.run(_port(profile / PORT_FILE))
        finally:
            process.terminate()


async def _port(file: Path) -> int:
    for _ in range(SECONDS * 10):
        if file.exists() and file.read_text().strip():
            return int(file.read_text().split()[0])
        await asyncio.sleep(0.1)
    raise TimeoutError("Chromium did not begin to listen")


def visit(port: int, path: Path, *scripts: str, width: int = 1280) -> tuple[list[Any], list[dict[str, Any]]]:
    """Open a file; what the scripts answer, and everything that the browser told meanwhile."""

    async def go() -> tuple[list[Any], list[dict[str, Any]]]:
        async with aiohttp.ClientSession() as session:
            async with session.put(f"http://127.0.0.1:{port}/json/new?about:blank") as answer:
                address = json.loads(await answer.text())["webSocketDebuggerUrl"]
            async with session.ws_connect(address, max_msg_size=0) as socket:
                tab = Tab(socket)
                screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
                await tab.call("Emulation.setDeviceMetricsOverride", **screen)
                await tab.open(path.as_uri())
                return [await tab.ask(script) for script in scripts], tab.events

    return asyncio.run(go())


@pytest.fixture
def report(data: Path) -> Path:
    path = data / "index.html"
    path.write_text(page(data, PARAMS, VERSIONS), encoding="utf-8")
    return path


def test_nothing_is_asked_of_anybody_and_nothing_goes_wrong(browser: int, report: Path) -> None:
    _, events = visit(browser, report, SEE)
    watched = [event for event in events if event.get("method") in WATCHED]
    assert {event["method"] for event in watched} == {"Network.requestWillBeSent"}
    asked = {event["params"]["request"]["url"] for event in watched}
    assert {address for address in asked if not address.startswith("data:")} == {report.as_uri()}


def test_every_score_is_drawn_with_all_its_notes(browser: int, report: Path) -> None:
    (figures,), _ = visit(browser, report, SEE)
    assert len(figures) == 3
    assert all(figure["notes"] == figure["wanted"] > 10 for figure in figures)


def test_every_note_sounds_and_then_there_is_silence(browser: int, report: Path) -> None:
    (heard,), _ = visit(browser, report, HEAR)
    assert len(heard) == 3
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
