"""A real browser without a window and without a network, spoken to by the DevTools protocol."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SECONDS = 60
SECONDS_TO_END = 5
PORT_FILE = "DevToolsActivePort"  # Chromium writes its port there
WATCHED = (
    "Log.entryAdded",
    "Runtime.exceptionThrown",
    "Runtime.consoleAPICalled",
    "Network.requestWillBeSent",
)

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="needs Chromium (Debian: apt-get install chromium)"
)


class Tab:
    """A page in the browser."""

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
    temporary = profile / "tmp"  # it leaves folders there
    temporary.mkdir()
    environment = {**os.environ, "HOME": str(profile), "TMPDIR": str(temporary)}
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"):
        environment.pop(name, None)
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=environment, start_new_session=True, **streams) as process:
        try:
            yield asyncio.run(_port(profile / PORT_FILE))
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(SECONDS_TO_END)
            with suppress(ProcessLookupError):  # its helper processes
                os.killpg(process.pid, signal.SIGKILL)


async def _port(file: Path) -> int:
    for _ in range(SECONDS * 10):
        if file.exists() and file.read_text().strip():
            return int(file.read_text().split()[0])
        await asyncio.sleep(0.1)
    raise TimeoutError("Chromium did not begin to listen")


def visit(
    port: int, path: Path, *scripts: str, width: int = 1280, dark: bool = False
) -> tuple[list[Any], list[dict[str, Any]]]:
    """Open a file; the values of the scripts, and all events of the browser in the meantime."""

    async def go() -> tuple[list[Any], list[dict[str, Any]]]:
        async with aiohttp.ClientSession() as session:
            async with session.put(f"http://127.0.0.1:{port}/json/new?about:blank") as answer:
                address = json.loads(await answer.text())["webSocketDebuggerUrl"]
            async with session.ws_connect(address, max_msg_size=0) as socket:
                tab = Tab(socket)
                screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
                await tab.call("Emulation.setDeviceMetricsOverride", **screen)
                scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
                await tab.call("Emulation.setEmulatedMedia", features=[scheme])
                await tab.open(path.as_uri())
                return [await tab.ask(script) for script in scripts], tab.events

    return asyncio.run(go())


def asked_of_others(events: list[dict[str, Any]]) -> set[str]:
    """Requests of a page and all its errors; an empty set if there are none."""
    watched = [event for event in events if event.get("method") in WATCHED]
    asked = [
        event["params"]["request"]["url"] if event["method"] == "Network.requestWillBeSent" else str(event)
        for event in watched
    ]
    return {address for address in asked if not address.startswith("data:")}
