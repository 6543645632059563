"""A real browser: headless Chromium through Playwright, which notes what a page must not do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


class Faults(NamedTuple):
    """What pages have said on their consoles, and where beyond loopback they have asked."""

    errors: list[str]
    away: list[str]

    def none(self) -> bool:
        return not self.errors and not self.away


@contextmanager
def chromium() -> Iterator[Any]:
    """Start the browser of this machine; skip where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="a browser: run `make heavy`")
    if not CHROMIUM:
        pytest.skip("a browser: install Chromium (Debian: apt-get install chromium)")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        try:
            yield started
        finally:
            started.close()


def watched(page: Any, faults: Faults) -> Any:
    """Note what a page does that it must not."""

    def asked(request: Any) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "file:", "data:", "blob:", "about:")):
            faults.away.append(request.url)

    def said(message: Any) -> None:
        if message.type == "error":
            faults.errors.append(message.text)

    page.on("request", asked)
    page.on("console", said)
    page.on("pageerror", lambda error: faults.errors.append(str(error)))
    page.on("dialog", lambda dialog: (faults.errors.append(dialog.message), dialog.dismiss()))
    return page


def accessibility_faults(page: Any) -> list[str]:
    """Return the serious faults that axe finds, in light and in dark."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="run `make heavy`")
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for fault in axe.Axe().run(page).response["violations"]:
            if fault["impact"] in ("serious", "critical"):
                found.append(f"{scheme}: {fault['id']}: {fault['nodes'][0]['html'][:200]}")
    return found
