"""A run as server-sent events: pieces of the page, each sent when it has changed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from typing import Any, NamedTuple

from gems_graph.calls.ledger import total
from gems_graph.page.live import Live, Runs
from gems_graph.page.render import mark_of, piece
from gems_graph.page.shelf import Seen, source
from gems_graph.prompting.wording import holding
from gems_graph.report.html.changes import changes
from gems_graph.report.html.pictures import THUMB
from gems_graph.report.html.render import fragment
from gems_graph.report.html.rounds import attempts_of, chosen_of
from gems_graph.report.html.views import Kept, TrajectoryView, view_of

ALIVE = 15.0
"""Seconds after which a silent stream says that it is there."""
_AT_MOST_EVERY = 0.1  # seconds between two looks at a run that tells much


class Piece(NamedTuple):
    """A piece of the page: the element that it replaces, and the one that it is put into if new."""

    id: str
    slot: str
    html: str

    def as_event(self) -> str:
        """Return it as a server-sent event."""
        told = {"id": self.id, "slot": self.slot, "html": self.html, "v": mark_of(self.html)}
        return f"event: piece\ndata: {json.dumps(told)}\n\n"


def view(live: Live) -> TrajectoryView:
    """Return what templates show of a run that is not over."""
    return view_of(Kept(live.folding.state, live.job.thread, "running"), source)


def latest_of(state: Any) -> list[Any]:
    """Return the verdicts of the last round that was judged."""
    rounds = state.get("rounds") or []
    return list(rounds[-1]["verdicts"]) if rounds else []


def pieces_of(live: Live, runs: Runs) -> list[Piece]:
    """Return all pieces of a run that is not over."""
    state, shown = live.folding.state, view(live)
    found = [
        Piece("now", "says", piece("standing", live, None, runs.ahead_of(live))),
        Piece("steps", "run", piece("steps", live.job.thread, live, None, True)),
        Piece("checklist", "run", piece("checklist", state["criteria"], latest_of(state))),
        Piece("meter", "run", piece("meter", total(state["ledger"]))),
    ]
    cards = [Piece(f"round-{r.n}", "rounds", fragment("round_card", r, 2)) for r in shown.rounds]
    return [*found, *cards, *_awaited(live, shown)]


def _awaited(live: Live, shown: TrajectoryView) -> list[Piece]:
    """Return the cards of pictures that are being drawn: the prompt, and what changed in it."""
    before = shown.rounds[-1].prompt if shown.rounds else None
    told = [(each["n"], each["prompt"]) for each in live.folding.awaited]
    return [
        Piece(f"round-{n}", "rounds", piece("awaited", n, changes(before or prompt, prompt)))
        for n, prompt in told
    ]


async def events(live: Live, runs: Runs, *, owned: bool) -> AsyncIterator[str]:
    """Yield what changes until the run is over; then tell the page to look again."""
    sent: dict[str, str] = {}
    async for version in live.versions(ALIVE, _AT_MOST_EVERY):
        if version is None:
            yield ": still here\n\n"
            continue
        for each in pieces_of(live, runs):
            if sent.get(each.id) != each.html and (owned or each.id != "steps"):
                sent[each.id] = each.html
                yield each.as_event()
    yield "event: over\ndata: {}\n\n"


def card_of(thread: str, live: Live | None, seen: Seen | None, label: str = "") -> str:
    """Return the card of one strategy in a comparison."""
    state: Any = live.folding.state if live else seen.last.values if seen else {}
    standing = "running" if live else seen.standing if seen else "not begun"
    chosen = chosen_of(state)
    thumb = source(chosen["image"], THUMB + 1) if chosen else ""
    words = _score(state)
    return piece("card", thread, words, standing, thumb, len(attempts_of(state)), "", label)


def _score(state: Any) -> str:
    result = state.get("result") or {}
    if result.get("total"):
        return holding(result["passed"], result["total"])
    latest = latest_of(state)
    held = sum(verdict["answer"] == "yes" for verdict in latest)
    return holding(held, len(latest)) if latest else "Not judged"


async def card_events(runs: Runs, labels: Iterable[tuple[str, str]]) -> AsyncIterator[str]:
    """Yield the cards of several runs as they change, one run after the other."""
    for thread, _ in labels:
        if live := runs.find(thread):
            async for version in live.versions(ALIVE, _AT_MOST_EVERY):
                if version is None:
                    yield ": still here\n\n"
                    continue
                for other, name in labels:
                    if found := runs.find(other):
                        html = card_of(other, found, None, name)
                        yield Piece(f"card-{other}", "cards", html).as_event()
    yield "event: over\ndata: {}\n\n"
