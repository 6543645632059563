"""`gems ui` in a real browser, as people use it; about 60 s."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gems_graph.testing import ImageServer
from tests.conftest import HARD
from tests.heavy.browsing import Faults, accessibility_faults, chromium, watched

SLOW = 60_000  # ms


class Served:
    """A page that is served by a process of its own, which can be ended and begun again."""

    def __init__(self, home: Path, *options: str) -> None:
        self.home, self.options, self.port = home, options, "0"
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "gems_graph.cli", "ui", "--port", self.port]
        env = {**os.environ, "GEMS_HOME": str(self.home), "LANGSMITH_TRACING": "false"}
        self.process = subprocess.Popen(
            [*command, *self.options], stderr=subprocess.PIPE, env=env, cwd=self.home.parent
        )
        assert self.process.stderr
        found = re.search(rb"http://127.0.0.1:(\d+)", self.process.stderr.readline())
        assert found
        self.url, self.port = found[0].decode(), found[1].decode()

    def end(self, how: int = signal.SIGINT) -> None:
        self.process.send_signal(how)
        self.process.wait(60)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    begun: list[Served] = []

    def make(*options: str) -> Served:
        home = tmp_path / "home"
        home.mkdir(exist_ok=True)
        begun.append(Served(home, *options))
        return begun[-1]

    yield make
    for each in begun:
        each.end(signal.SIGKILL)


@pytest.fixture
def faults() -> Iterator[Faults]:
    found = Faults([], [])
    yield found
    assert found.none(), found


@pytest.fixture
def slow() -> Iterator[str]:
    with ImageServer(delay=1) as images:
        yield f"http:{images.url}"


@pytest.fixture
def open_page(browser: Any, faults: Faults) -> Iterator[Callable[..., Any]]:
    """Return what opens a page for somebody new, wide or as a phone."""
    contexts: list[Any] = []

    def make(url: str, *, width: int = 1280, height: int = 900) -> Any:
        contexts.append(browser.new_context(viewport={"width": width, "height": height}))
        page = watched(contexts[-1].new_page(), faults)
        page.set_default_timeout(SLOW)
        page.goto(url)
        return page

    yield make
    for each in contexts:
        each.close()


def draw(page: Any, prompt: str, **fields: str) -> None:
    page.fill("#prompt", prompt)
    if fields:
        page.locator("form.ask summary").click()
    for name, value in fields.items():
        field = page.locator(f"[name={name}]")
        (field.select_option if name == "pause" else field.fill)(value)
    page.get_by_role("button", name="Draw").click()
    page.wait_for_url("**/t/*")


def ended(page: Any) -> str:
    """Wait until a run is over, and return how it stands."""
    page.wait_for_selector("#run:not([data-events]) #now .pill")
    return str(page.inner_text("#now .pill"))


def prompt_of(page: Any, n: int) -> str:
    """Return the prompt of a round, without the words that left."""
    without = "each => { each.querySelectorAll('del').forEach(d => d.remove()); return each }"
    plain = f"each => ({without})(each.cloneNode(true)).textContent"
    return " ".join(page.eval_on_selector(f"#round-{n} .prompt", plain).split())


def sideways(page: Any) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"))


def test_a_run_by_keyboard_alone_reloaded_in_the_middle(
    serve: Callable[..., Served], open_page: Callable[..., Any]
) -> None:
    page = open_page(serve().url)
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "prompt":
            break
    page.keyboard.type(HARD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#round-1")
    page.reload()
    page.wait_for_selector("#round-2")
    assert ended(page) in ("passed", "best effort")
    assert page.locator(".round").count() >= 2
    assert page.locator(".round img").first.evaluate("image => image.naturalWidth") > 0
    assert accessibility_faults(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert not sideways(page)


def test_stopped_found_again_after_a_restart_and_gone_on_with(
    serve: Callable[..., Served], open_page: Callable[..., Any], slow: str
) -> None:
    served = serve()
    page = open_page(served.url)
    draw(page, "a red fish", generator=slow, max_iterations="3")
    page.wait_for_selector("#round-1")
    page.get_by_role("button", name="Stop").click()
    assert ended(page) == "interrupted"
    served.end()
    served.start()
    page.reload()
    assert page.locator("#now .pill").inner_text() == "interrupted"
    page.get_by_role("button", name="Go on", exact=True).click()
    page.wait_for_selector("#round-3")
    assert ended(page) == "best effort"


def test_killed_in_the_middle_it_is_found_again(
    serve: Callable[..., Served], open_page: Callable[..., Any], slow: str, faults: Faults
) -> None:
    served = serve()
    page = open_page(served.url)
    draw(page, "a red fish", generator=slow, max_iterations="2")
    page.wait_for_selector("#round-1")
    page.goto("about:blank")
    served.end(signal.SIGKILL)
    served.start()
    page.goto(f"{served.url}/history?q=FISH")
    page.locator(".card a").click()
    page.get_by_role("button", name="Go on", exact=True).click()
    page.wait_for_selector("#round-2")
    assert ended(page) == "best effort"


def test_a_criterion_is_edited_at_a_pause_and_a_verdict_overruled(
    serve: Callable[..., Served], open_page: Callable[..., Any]
) -> None:
    page = open_page(serve().url)
    draw(page, "two red fish left of a blue house", pause="both", seed="1")
    criteria = page.locator("textarea[name=criteria]")
    criteria.fill("Are there exactly two red fish?\nIs there a blue house?")
    assert accessibility_faults(page) == []
    page.get_by_role("button", name="Go on").click()
    page.wait_for_selector("select[name=verdict-2]")
    assert page.locator(".rulings li").count() == 2
    page.select_option("select[name=verdict-2]", "no")
    page.fill("#question textarea[name=prompt]", "two red fish . a blue house in the top right .")
    page.get_by_role("button", name="Go on").click()
    page.wait_for_selector("h2:has-text('about round 2')")
    page.get_by_role("button", name="Take this picture").click()
    assert ended(page) in ("passed", "accepted")
    assert "two red fish . a blue house in the top right ." in prompt_of(page, 2)


def test_a_round_is_branched_off_with_another_prompt(
    serve: Callable[..., Served], open_page: Callable[..., Any]
) -> None:
    page = open_page(serve().url)
    draw(page, "a red fish", seed="1")
    ended(page)
    first = page.url
    page.get_by_text("Branch off:").click()
    page.fill(".branch textarea[name=prompt]", "a red fish at night")
    page.fill(".branch textarea[name=criteria]", "Is there exactly one red fish?\nIs it night?")
    page.get_by_role("button", name="Branch off").click()
    page.wait_for_url(lambda url: "/t/" in url and url != first)
    assert ended(page) in ("passed", "best effort")
    assert "a red fish at night" in prompt_of(page, 2)


def test_two_people_at_once_see_each_their_own(
    serve: Callable[..., Served], open_page: Callable[..., Any], slow: str, faults: Faults
) -> None:
    served = serve("--private", "--at-once", "1")
    one, other = open_page(served.url), open_page(served.url, width=390, height=844)
    draw(one, "a red fish", generator=slow, max_iterations="2")
    draw(other, "a blue house", generator=slow, max_iterations="1")
    assert "queue" in other.inner_text("#now")
    assert ended(one) == ended(other) == "best effort"
    assert not sideways(other)
    mine = one.url
    for page, prompt in ((one, "a red fish"), (other, "a blue house")):
        page.goto(f"{served.url}/history")
        assert page.locator(".card .title").all_inner_texts() == [prompt]
        assert accessibility_faults(page) == []
    other.goto(mine)  # whoever knows the address may look, and change nothing
    assert other.get_by_role("button", name="Branch off").count() == 0
    told = other.request.post(f"{mine}/resume", form={"rounds": "3"})
    assert told.status == 403


def test_strategies_side_by_side(
    serve: Callable[..., Served], open_page: Callable[..., Any]
) -> None:
    page = open_page(f"{serve().url}/compare")
    page.fill("#prompt", "two red fish left of a blue house")
    page.get_by_role("button", name="Compare").click()
    page.wait_for_selector("#now:has-text('Done')")
    assert page.locator(".card b").all_inner_texts() == ["gems", "original", "search"]
    assert page.locator(".card img").count() == 3
    assert accessibility_faults(page) == []


def test_hostile_text_stays_text_and_wrong_settings_keep_the_form(
    serve: Callable[..., Served], open_page: Callable[..., Any], slow: str, faults: Faults
) -> None:
    page = open_page(serve().url)
    hostile = "</textarea><script>alert(1)</script><img src=x onerror=alert(2)> {{7*7}} 漢字 שלום"
    draw(page, hostile, generator=slow, max_iterations="1")
    ended(page)
    assert page.inner_text("h1") == hostile
    page.goto(page.url.partition("/t/")[0])
    page.fill("#prompt", "a red fish")
    page.locator("form.ask summary").click()
    page.fill("textarea[name=more]", "no_such = 1")
    page.get_by_role("button", name="Draw").click()
    assert "no_such" in page.inner_text("[role=alert]")
    assert page.input_value("#prompt") == "a red fish"
    assert "status of 400" in faults.errors.pop()  # the browser notes it


def test_twenty_browsers_at_once(
    serve: Callable[..., Served], open_page: Callable[..., Any]
) -> None:
    served = serve("--private", "--at-once", "2")
    pages = [open_page(served.url) for _ in range(20)]
    for k, page in enumerate(pages):
        draw(page, "a red fish", max_iterations="1", seed=str(k))
    assert {ended(page) for page in pages} <= {"passed", "best effort"}
