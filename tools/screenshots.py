"""Photograph the page for the docs: while a run goes on, and after it on a phone in the dark.

python -m tools.screenshots          # needs Playwright and Chromium
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[1] / "docs"
PROMPT = "three yellow ducks and a purple boat and three orange ducks and a green boat"


def _small(file: Path) -> None:
    from PIL import Image

    with Image.open(file) as shot:
        shot.convert("RGB").quantize(colors=256).save(file, optimize=True)


def _wide(browser: Any, url: str) -> str:
    page = browser.new_page(viewport={"width": 1240, "height": 760})
    page.goto(url)
    page.fill("#prompt", PROMPT)
    page.click("form.ask summary")
    page.fill("[name=seed]", "1")
    page.get_by_role("button", name="Draw").click()
    page.wait_for_selector("#round-2")
    page.screenshot(path=DOCS / "page.png")
    page.wait_for_selector("#run:not([data-events])")
    return str(page.url)


def main() -> None:
    """Serve the page, draw on it, and write the pictures."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        command = [sys.executable, "-m", "gems_graph.cli", "ui", "--port", "0"]
        env = {**os.environ, "GEMS_HOME": home}
        with subprocess.Popen(command, stderr=subprocess.PIPE, env=env, cwd=home) as server:
            assert server.stderr
            found = re.search(rb"http://\S+", server.stderr.readline())
            assert found
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
            )
            address = _wide(browser, found[0].decode())
            phone = browser.new_page(
                viewport={"width": 390, "height": 844}, color_scheme="dark", device_scale_factor=1.5
            )
            phone.goto(address)
            phone.screenshot(path=DOCS / "page-phone.png")
            browser.close()
            server.terminate()
    for name in ("page.png", "page-phone.png"):
        _small(DOCS / name)


if __name__ == "__main__":
    main()
