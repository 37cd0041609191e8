"""A headless Chromium of this machine, driven by playwright; nothing is fetched for it."""

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession
    from playwright.sync_api import Page as Tab

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def executable() -> str | None:
    """Chromium on this machine; SRCORE_CHROMIUM names another."""
    named = os.environ.get("SRCORE_CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


def missing() -> str:
    """What a test in the browser lacks here, or nothing."""
    if executable() is None:
        return "no Chromium on this machine"
    return "" if find_spec("playwright") else "playwright is not installed (extra `dev`)"


class Page:
    """One window at a time, with everything that its page logged and asked for."""

    def __init__(self, browser: "Browser") -> None:
        self._browser = browser
        self._window = cache(self._new_window)
        self.complaints: list[str] = []
        """Console messages and exceptions."""
        self.requests: list[str] = []
        """Every address that was asked for, embedded data left out."""

    def open(self, path: Path, width: int, scheme: str = "light", *, scripts: bool = True) -> None:
        """Load a file in a window of that width and colour scheme; a narrow one has touch."""
        self._page, self._devtools = self._window(width, scheme, scripts)
        self.mouse, self.keyboard = self._page.mouse, self._page.keyboard
        self.complaints.clear()
        self.requests.clear()
        self._page.goto(path.resolve().as_uri())

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression."""
        return self._page.evaluate(script)

    def touch(self, kind: str, *places: tuple[float, float]) -> None:
        """`touchStart`, `touchMove` or `touchEnd` with fingers at these places."""
        points = [{"x": x, "y": y} for x, y in places]
        self._devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def _new_window(self, width: int, scheme: str, scripts: bool) -> "tuple[Tab, CDPSession]":
        context = self._browser.new_context(
            viewport={"width": width, "height": 900},
            is_mobile=width < 600,
            has_touch=width < 600,
            color_scheme=scheme,
            reduced_motion="reduce",
            java_script_enabled=scripts,
        )
        page = context.new_page()
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._asked(request.url))
        return page, context.new_cdp_session(page)

    def _asked(self, url: str) -> None:
        if not url.startswith("data:"):
            self.requests.append(url)


@contextmanager
def chromium() -> Generator[Page]:
    """A page in a browser of its own, which keeps nothing."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield Page(playwright.chromium.launch(executable_path=executable()))
