"""A headless Chromium for tests of pages: what it said, what it asked for, what axe finds."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

WIDE, PHONE = (1280, 900), (390, 844)


@dataclass
class Heard:
    """What a page did that a page of ours never does."""

    dialogs: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def listen(self, page: Any) -> None:
        """Note what it says from now on; addresses of its own kind are `data:` and `file:`."""
        page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: self._said(said))
        page.on("request", lambda asked: self.requests.append(asked.url))

    def _said(self, said: Any) -> None:
        if said.type in ("error", "warning"):
            self.errors.append(said.text)


@contextmanager
def chromium() -> Iterator[Any]:
    """Start the Chromium of this machine; skips the test where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright: run `make heavy`")
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if not program:
        pytest.skip("There is no Chromium: install it.")
    with sync_api.sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        yield browser
        browser.close()


def faults(page: Any) -> list[str]:
    """Return what axe finds that is serious: the rule, and the first element that breaks it."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    found = axe.Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:200]} {each['nodes'][0]['failureSummary']}"
        for each in found
        if each["impact"] in ("serious", "critical")
    ]
