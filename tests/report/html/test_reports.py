"""Reports: all that is known of a trajectory, in one file, in which no text can do anything."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from gems_graph import Store
from gems_graph.report.html import reports
from gems_graph.report.html.render import LONGEST, fragment, stylesheet
from gems_graph.report.html.reports import report, write_report
from gems_graph.report.html.timeline import bars
from gems_graph.report.html.views import view_of
from tests.report.html.made import HOSTILE, kept


class Tags(HTMLParser):
    """Collects tags with the names of their attributes, what is loaded, and visible text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[Any] = []
        self.loads: list[str] = []
        self.words: list[str] = []
        self._hidden = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, [name for name, _ in attrs]))
        self.loads += [value for name, value in attrs if name in ("src", "href")]
        self._hidden = tag if tag in ("script", "style") else self._hidden

    def handle_endtag(self, tag: str) -> None:
        self.tags.append(f"/{tag}")
        self._hidden = "" if tag == self._hidden else self._hidden

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def inside(gallery: str) -> list[str]:
    """Return what the cards of a gallery unfold."""
    found = re.findall(r'<script type="application/json">(.*?)</script>', gallery, re.DOTALL)
    return [json.loads(each) for each in found]


def test_the_page_of_one_says_all_that_is_known(store: Store) -> None:
    page = Tags(report([kept(store)], store))
    for said in (
        "a red fish", "best effort", "Best of 2 rounds: 1 of 2 criteria.", "anatomy", "because",
        "Round 1", "0 of 2", "Round 2", "1 of 2", "Is it red?", "seen", "0.25", "turn it",
        "Learned: say where", "by the Refiner", "seed 2", "odd", "boom", "planner", "2.00 s",
        "verifier", "1.2 kB", "negative", "blur", "mini", "python",
    ):  # fmt: skip
        assert said in page.text, said
    assert "Compressor, after round 1" in page.text
    assert "given as the last item" not in page.text
    assert len([tag for tag, *_ in page.tags if tag == "svg"]) == 3
    assert all(each.startswith("data:") for each in page.loads)


def test_what_changed_between_prompts_is_marked(store: Store) -> None:
    html = report([kept(store)], store)
    assert "a red fish in round <del>1</del><ins>2</ins>" in html


def test_style_and_script_are_allowed_by_their_hash_and_nothing_else_is(store: Store) -> None:
    for html in (report([kept(store)], store), report([kept(store), kept(store)], store)):
        policy = unescape(re.search(r'Policy" content="(.*?)"', html)[1])  # type: ignore[index]
        for tag in ("style", "script"):
            for code in re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL):
                digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
                assert f"{tag}-src 'sha256-{digest}'" in policy
        assert policy.startswith("default-src 'none'; img-src data:;")
        assert "unsafe" not in policy
        assert not re.search(
            r"\sstyle=|\son\w+=", re.sub(r"<script.*?</script>", "", html, flags=16)
        )


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_changes_no_tag_and_is_there_to_be_read(store: Store, text: str) -> None:
    plain, hostile = (Tags(report([kept(store, each)], store)) for each in ("plain", text))
    assert hostile.tags == plain.tags
    assert hostile.loads == plain.loads
    shown = text.replace("\x00", "\\u0000").replace("\x1b", "\\u001b")
    shown = shown.replace("\u202e", "\\u202e").replace("\ud800", "\\ud800")
    assert shown in hostile.text
    plain_cards, cards = (report([kept(store, each)] * 2, store) for each in ("plain", text))
    assert Tags(cards).tags == Tags(plain_cards).tags
    assert [Tags(each).tags for each in inside(cards)] == [
        Tags(each).tags for each in inside(plain_cards)
    ]


def test_a_gallery_can_be_sorted_and_holds_every_trajectory_once(store: Store) -> None:
    html = report([kept(store, rounds=n) for n in (1, 3)], store, "Fish & chips")
    assert re.findall(r'data-rounds="(\d)"', html) == ["1", "3"]
    assert re.findall(r'data-score="(.*?)"', html) == ["0.5000", "0.5000"]
    assert "<h1>Fish &amp; chips</h1>" in html
    assert "2 trajectories, 2 best effort; 4 rounds, 6 chat calls" in Tags(html).text
    assert [each.count('<li class="round') for each in inside(html)] == [1, 3]


def test_a_picture_that_is_lost_is_missed_in_its_place(store: Store) -> None:
    given = kept(store)
    for entry in [*store.entries()]:
        store.remove(entry.sha256)
    assert Tags(report([given], store)).text.count("This picture is missing.") == 3


def test_an_endless_text_is_cut_with_its_length(store: Store) -> None:
    html = report([kept(store, "word " * 20_000)], store)
    assert "characters)" in html
    assert len(html) < 40 * LONGEST + len(stylesheet()) + 100_000


def test_more_than_a_browser_likes_are_left_out_and_it_says_so(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "MOST", 2)
    html = report([kept(store)] * 5, store, more=7)
    assert len(inside(html)) == 2
    assert "These are the first 2; 10 more are left out." in html


def test_an_unfinished_trajectory_has_a_page(store: Store) -> None:
    state = dict(kept(store).state)
    for name in ("result", "criteria", "ledger", "timings", "settings"):
        del state[name]
    state["attempt"] = {**state["rounds"].pop(), "n": 2}
    del state["attempt"]["verdicts"]
    state["rounds"][0]["verdicts"] = []
    text = Tags(report([type(kept(store))(state, word="running")], store)).text
    assert "running" in text
    assert "not judged" in text
    text = Tags(report([type(kept(store))({"prompt": "a cat"})], store)).text
    assert "Interrupted in the first round." in text


def test_parts_can_be_sent_one_by_one(store: Store) -> None:
    view = view_of(kept(store), lambda ref, side: f"/gems/images/{ref['sha256']}?{side}")
    card = fragment("round_card", view.rounds[0])
    assert card.startswith('<li class="round" id="round-1">')
    assert f'src="/gems/images/{kept(store).state["rounds"][0]["image"]["sha256"]}?640"' in card
    assert "<table" in fragment("verdict_matrix", view.questions, view.rounds)
    assert "<ins>" in fragment("prompt_changes", view.rounds[1].changed)
    assert "verifier" in fragment("ledger_table", view.ledger, view.used)


def test_bars_begin_where_their_step_does() -> None:
    drawn = bars([
        {"node": "planner", "round": 1, "seconds": 1.0, "step": 2},
        {"node": "decomposer", "round": 0, "seconds": 2.0, "step": 2},
        {"node": "generator", "round": 1, "seconds": 2.0, "step": 3},
        {"node": "old", "round": 1, "seconds": 1.0},
    ])  # fmt: skip
    assert [(bar.node, bar.start, bar.width) for bar in drawn] == [
        ("planner", 0, 20), ("decomposer", 0, 40), ("generator", 40, 40), ("old", 80, 20),
    ]  # fmt: skip
    assert bars([]) == []


def test_a_report_is_written_whole_with_half_a_character_in_it(
    store: Store, tmp_path: Path
) -> None:
    file = write_report(tmp_path / "new" / "r.html", [kept(store, "\ud83d")], store)
    assert file.read_bytes().decode().startswith("<!doctype html>")
    assert [each.name for each in file.parent.iterdir()] == ["r.html"]
