"""Reports in a real Chromium: hostile texts do nothing, axe finds nothing, 200 open at once.

Takes about 30 s.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gems_graph import Store
from gems_graph.evaluation.comparison.figure import figure
from gems_graph.evaluation.comparison.page import page as page_of
from gems_graph.evaluation.comparison.table import table
from gems_graph.report.html.reports import write_report
from tests.evaluation.comparison.test_table import row
from tests.heavy.browsing import Faults, accessibility_faults, chromium, watched
from tests.report.html.made import HOSTILE, kept

LONG = (
    "supercalifragilistic" * 40 + " " + "多くの赤い魚と青い家" * 60 + " بيت أزرق وسمكة حمراء" * 40
)
WIDE, PHONE = (1280, 900), (390, 844)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.fixture
def show(browser: Any) -> Iterator[Any]:
    """Return what opens a file, and give back all pages at the end."""
    contexts = []

    def open_(file: Path, size: tuple[int, int] = WIDE) -> tuple[Any, Faults]:
        context = browser.new_context(viewport={"width": size[0], "height": size[1]})
        contexts.append(context)
        faults = Faults([], [])
        page = watched(context.new_page(), faults)
        page.goto(file.as_uri())
        return page, faults

    yield open_
    for context in contexts:
        context.close()


def unfold(page: Any) -> None:
    """Open all that is folded, cards first."""
    for selector in ("details.card", "details:not(.card)"):
        page.evaluate(f"document.querySelectorAll('{selector}').forEach(e => {{ e.open = true }})")
        page.wait_for_function("() => !document.querySelector('.card[open] > script')")


def overflow(page: Any) -> int:
    """Return by how many pixels the page is wider than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


@pytest.mark.parametrize("many", [False, True], ids=["one", "gallery"])
def test_hostile_texts_execute_nothing_and_read_well(
    store: Store, tmp_path: Path, show: Any, many: bool
) -> None:
    each = [kept(store, text, name=text) for text in HOSTILE]
    everything = kept(store, " ".join(HOSTILE), rounds=3, name="all of them")
    file = write_report(tmp_path / "<img src=x>.html", each if many else [everything], store)
    page, faults = show(file)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    unfold(page)
    page.wait_for_timeout(200)  # an image that failed would have said so by now
    assert faults.none(), faults
    assert page.evaluate("window.pwned") is None
    assert [url for url in asked if not url.startswith("data:")] == []
    text = page.inner_text("body")
    assert "<script>window.pwned=1</script>" in text
    assert "{{ 7 * 7 }}" in text
    assert "\\u202egnp.exe" in text
    assert overflow(page) <= 0
    assert page.evaluate("getComputedStyle(document.body).display") == "block"


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("many", [False, True], ids=["one", "gallery"])
def test_axe_finds_nothing_serious(
    store: Store, tmp_path: Path, show: Any, size: tuple[int, int], many: bool
) -> None:
    given = [kept(store), kept(store, LONG, rounds=7)] if many else [kept(store, rounds=7)]
    page, faults = show(write_report(tmp_path / "r.html", given, store), size)
    assert accessibility_faults(page) == []
    unfold(page)
    assert accessibility_faults(page) == []
    assert overflow(page) <= 0
    assert faults.none(), faults


def test_two_hundred_are_written_and_open_at_once_and_can_be_sorted(
    store: Store, tmp_path: Path, show: Any
) -> None:
    given = [kept(store, f"no {k}", rounds=1 + k % 5, name=f"t{k}") for k in range(200)]
    begin = time.process_time()
    file = write_report(tmp_path / "many.html", given, store)
    assert time.process_time() - begin < 30
    page, faults = show(file)
    work = page.context.new_cdp_session(page)
    work.send("Performance.enable")
    page.reload()
    spent = {m["name"]: m["value"] for m in work.send("Performance.getMetrics")["metrics"]}
    assert spent["TaskDuration"] < 2
    assert page.inner_text("#count") == "200 shown"
    page.fill("#search", "NO 17")
    assert page.inner_text("#count") == "12 shown"
    page.select_option("#sort", "rounds")
    page.check("#turned")
    shown = page.locator(".card:visible")
    rounds = [int(each.get_attribute("data-rounds")) for each in shown.all()]
    assert rounds == sorted(rounds, reverse=True)
    shown.first.locator("summary").first.press("Enter")
    page.wait_for_selector(".card[open] .round")  # the browser tells of the opening later
    assert page.locator(".card[open] .round").count() == rounds[0]
    assert faults.none(), faults


def test_the_page_of_a_comparison_is_as_safe(tmp_path: Path, show: Any) -> None:
    hostile = " ".join(HOSTILE)
    rows = [row(hostile, name, name == "gems", failing=[hostile], error=hostile, folder=None)
            for name in ("gems", hostile)]  # fmt: skip
    lines = table(rows, ["gems", hostile])
    report = {
        "prompts": 1, "seeds": 1, "budget": {}, "table": lines, "rows": rows,
        "judge": {"model": hostile, "independent": True, "used": {"calls": 0}},
    }  # fmt: skip
    file = tmp_path / "compare.html"
    html = page_of(report, figure(lines["strategies"]), tmp_path)
    file.write_text(html, encoding="utf-8", errors="replace")
    page, faults = show(file, PHONE)
    assert accessibility_faults(page) == []
    assert overflow(page) <= 0
    assert page.evaluate("window.pwned") is None
    assert faults.none(), faults
