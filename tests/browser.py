"""A headless Chromium, driven by its DevTools protocol over a pipe: nothing to install but itself.

Two pipes take the place of a port, so runs side by side cannot meet, and no web socket is needed.
"""

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
# Chromium reads commands from descriptor 3 and answers on 4; both may be taken by others here.
START = """
import os, sys
read, write = os.dup(int(sys.argv[1])), os.dup(int(sys.argv[2]))
while read in (3, 4): read = os.dup(read)
while write in (3, 4): write = os.dup(write)
os.dup2(read, 3); os.dup2(write, 4)
os.execvp(sys.argv[3], sys.argv[3:])
"""
PATIENCE = 60
"""Seconds to wait for any answer."""


def executable() -> str | None:
    """Chromium on this machine; SRCORE_CHROMIUM names another."""
    named = os.environ.get("SRCORE_CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


class Page:
    """One tab, with everything that it said and asked for."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, answers
        self._rest, self._count, self._session = b"", 0, ""
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and wait for its answer; events on the way are kept."""
        self._count += 1
        message: dict[str, Any] = {"id": self._count, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        sent = json.dumps(message).encode() + b"\0"
        while sent:
            sent = sent[os.write(self._commands, sent) :]
        while True:
            answer = self._receive()
            if answer.get("id") == self._count:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def open(self, path: Path, width: int, scheme: str = "light", *, scripts: bool = True) -> None:
        """Load a file in a window of that width and colour scheme."""
        self.events.clear()
        self.resize(width)
        self.scheme(scheme)
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.call("Page.navigate", url=path.resolve().as_uri())
        end = time.monotonic() + PATIENCE
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            assert time.monotonic() < end, "the page did not load"
            self._receive()

    def resize(self, width: int, height: int = 900, scale: float = 1) -> None:
        """Set the window's size in CSS pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=width < 600,
        )

    def scheme(self, name: str) -> None:
        """Set prefers-color-scheme."""
        features = [
            {"name": "prefers-color-scheme", "value": name},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.call("Emulation.setEmulatedMedia", features=features)

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def mouse(self, kind: str, x: float, y: float) -> None:
        """`mousePressed`, `mouseMoved` or `mouseReleased` at a place in the window."""
        held = {"button": "left", "buttons": 1, "clickCount": 1}
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **held)

    def key(self, name: str, code: int) -> None:
        """Press and release a key by name and Windows key code."""
        text = {"text": "\r"} if name == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            part = text if kind == "keyDown" else {}
            self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=name,
                code=name,
                windowsVirtualKeyCode=code,
                **part,
            )

    def touch(self, kind: str, *places: tuple[float, float]) -> None:
        """`touchStart`, `touchMove` or `touchEnd` with fingers at these places."""
        points = [{"x": x, "y": y} for x, y in places]
        self.call("Input.dispatchTouchEvent", type=kind, touchPoints=points)

    def image(self, path: Path, clip: dict[str, float] | None = None) -> None:
        """Write a PNG of the whole page, or of a part of it."""
        extra = {"clip": clip | {"scale": 1}} if clip else {}
        answer = self.call("Page.captureScreenshot", captureBeyondViewport=True, **extra)
        path.write_bytes(base64.b64decode(answer["data"]))

    def complaints(self) -> list[str]:
        """Console errors and warnings, exceptions, and what the browser logged."""
        found: list[str] = []
        for event in self.events:
            params = event["params"]
            if event["method"] == "Runtime.exceptionThrown":
                found.append(params["exceptionDetails"]["text"])
            elif event["method"] == "Runtime.consoleAPICalled":
                found.append(str(params["args"]))
            elif event["method"] == "Log.entryAdded":
                found.append(params["entry"]["text"])
        return found

    def requests(self) -> list[str]:
        """Every address that was asked for, embedded data left out."""
        asked = [e for e in self.events if e["method"] == "Network.requestWillBeSent"]
        urls = [event["params"]["request"]["url"] for event in asked]
        return [url for url in urls if not url.startswith("data:")]

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._answers], [], [], PATIENCE)
            assert ready, "Chromium does not answer"
            part = os.read(self._answers, 1 << 20)
            assert part, "Chromium ended"
            self._rest += part
        message, _, self._rest = self._rest.partition(b"\0")
        value = json.loads(message)
        if "method" in value:
            self.events.append(value)
        return value


@contextmanager
def chromium(profile: Path) -> Generator[Page]:
    """A page in a browser of its own, with a fresh profile in the folder `profile`."""
    name = executable()
    assert name, "no Chromium here"
    their_commands, commands = os.pipe()
    answers, their_answers = os.pipe()
    start = [sys.executable, "-c", START, str(their_commands), str(their_answers), name]
    process = subprocess.Popen(
        [*start, *FLAGS, f"--user-data-dir={profile}"],
        pass_fds=(their_commands, their_answers),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(their_commands)
    os.close(their_answers)
    try:
        yield Page(commands, answers)
    finally:
        os.close(commands)  # the end of its commands ends Chromium
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(answers)
