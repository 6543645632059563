"""The pages that are only looked at: start, history, a run, its events, skills, small pictures."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from functools import lru_cache

from PIL import Image
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from gems_graph.errors import GemsError
from gems_graph.images import Store
from gems_graph.images.pictures import decode, opened
from gems_graph.page.render import script, style
from gems_graph.page.shelf import PAGE, look, search, source
from gems_graph.page.site import Site, filled
from gems_graph.page.streaming import card_events, card_of, events, latest_of, view
from gems_graph.report.html.pictures import THUMB
from gems_graph.report.html.views import view_of
from gems_graph.skills import Skills

_NONE = "There is no such picture here, or it was removed."
_FOR_EVER = {"Cache-Control": "private, max-age=31536000, immutable"}
_STREAM = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
LATELY = 12
"""Trajectories on the first page."""
MOST_COMPARED = 12
"""Runs on one page of a comparison."""


class Reading:
    """The handlers of the pages that change nothing.

    Args:
        site: what is served.
    """

    def __init__(self, site: Site) -> None:
        self._site = site

    async def home(self, request: Request) -> Response:
        """Show the form for a new picture or a comparison, and what was drawn lately."""
        cards, more = await search(
            self._site.threads, "", lambda t: self._site.people.may_see(request, t)
        )
        return self._site.form(
            request, filled(request.query_params), cards[:LATELY], more or len(cards) > LATELY
        )

    async def history(self, request: Request) -> Response:
        """Show a page of what is kept, or of what a search finds."""
        q, skip = request.query_params.get("q", ""), request.query_params.get("skip", "0")
        skipped = int(skip) if skip.isdecimal() and len(skip) < 9 else 0
        cards, more = await search(
            self._site.threads,
            q,
            lambda thread: self._site.people.may_see(request, thread),
            skipped,
        )
        return self._site.show(
            request, "history.html", title="History", cards=cards, more=more, q=q, skip=skipped,
            page=PAGE, here="history",
        )  # fmt: skip

    async def run(self, request: Request) -> Response:
        """Show a run: as it goes on, or as it was left."""
        thread = request.path_params["thread"]
        live, failed = self._site.runs.find(thread), self._site.runs.failed(thread)
        seen = None if live else await look(self._site.threads, thread)
        if not live and not seen:
            if failed and self._site.people.owns(request, thread):
                return self._site.form(
                    request, filled({"prompt": failed.job.prompt or ""}), error=failed.error
                )
            return self._site.refuse(request, _NONE, 404)
        each = view(live) if live else view_of(seen.kept, source) if seen else None
        state = live.folding.state if live else seen.last.values if seen else {}
        return self._site.show(
            request, "run.html", title=state.get("prompt") or "GEMS", thread=thread, live=live,
            seen=seen, each=each, ahead=self._site.runs.ahead_of(live) if live else 0,
            criteria=state.get("criteria") or [], latest=latest_of(state),
            mine=self._site.people.owns(request, thread),
            error=failed.error if failed and not (seen and seen.error) else "",
        )  # fmt: skip

    async def stream(self, request: Request) -> Response:
        """Send what changes in a run."""
        thread = request.path_params["thread"]
        live = self._site.runs.find(thread)
        if live is None:
            return Response(status_code=204)  # tells the browser not to come back
        return _streamed(
            events(live, self._site.runs, owned=self._site.people.owns(request, thread))
        )

    async def compared(self, request: Request) -> Response:
        """Show several runs side by side."""
        threads = request.query_params.getlist("t")[:MOST_COMPARED]
        seen = [
            None if self._site.runs.find(t) else await look(self._site.threads, t) for t in threads
        ]
        cards = [
            card_of(t, self._site.runs.find(t), s, _label(t))
            for t, s in zip(threads, seen, strict=True)
        ]
        going = sum(self._site.runs.find(thread) is not None for thread in threads)
        prompts = [each.last.values["prompt"] for each in seen if each]
        prompts += [
            live.folding.state["prompt"] for t in threads if (live := self._site.runs.find(t))
        ]
        if not prompts:
            return self._site.refuse(request, _NONE, 404)
        return self._site.show(
            request, "side_by_side.html", title="Compare", prompt=prompts[0], cards=cards,
            now=f"{going} of {len(threads)} go on" if going else "Done", here="compare",
            events=f"/c/events?{request.url.query}" if going else "",
        )  # fmt: skip

    async def compared_stream(self, request: Request) -> Response:
        """Send what changes in several runs."""
        threads = request.query_params.getlist("t")[:MOST_COMPARED]
        if not any(self._site.runs.find(thread) for thread in threads):
            return Response(status_code=204)
        return _streamed(card_events(self._site.runs, [(t, _label(t)) for t in threads]))

    async def skills(self, request: Request) -> Response:
        """Show what the Planner can read."""
        known = Skills([*self._site.settings.skills], local=self._site.settings.local_skills)
        shown = sorted(known.manifest, key=lambda skill: skill.name)
        return self._site.show(request, "skills.html", title="Skills", skills=shown, here="skills")

    async def thumb(self, request: Request) -> Response:
        """Send a small picture."""
        try:
            data = await asyncio.to_thread(
                _thumb, self._site.threads.store, request.path_params["sha256"]
            )
        except (GemsError, OSError):
            return PlainTextResponse("There is no such picture.", 404)
        return Response(data, media_type="image/webp", headers=_FOR_EVER)

    async def css(self, request: Request) -> Response:
        """Send the style."""
        return Response(style(), media_type="text/css")

    async def js(self, request: Request) -> Response:
        """Send the script."""
        return Response(script(), media_type="text/javascript")


def reading_routes(site: Site) -> list[BaseRoute]:
    """Return the routes of the pages that change nothing."""
    pages = Reading(site)
    return [
        Route("/", pages.home),
        Route("/compare", pages.home, methods=["GET"]),
        Route("/history", pages.history),
        Route("/skills", pages.skills),
        Route("/t/{thread}", pages.run),
        Route("/t/{thread}/events", pages.stream),
        Route("/c", pages.compared),
        Route("/c/events", pages.compared_stream),
        Route("/thumbs/{sha256}", pages.thumb),
        Route("/page.css", pages.css),
        Route("/page.js", pages.js),
    ]


def _streamed(told: AsyncIterator[str]) -> Response:
    return StreamingResponse(told, media_type="text/event-stream", headers=_STREAM)


def _label(thread: str) -> str:
    """Return the strategy that a thread of a comparison is named after."""
    return thread.rpartition(".")[2] if "." in thread else ""


@lru_cache(maxsize=512)
def _thumb(store: Store, sha256: str) -> bytes:
    data = store.read(sha256)
    small = decode(opened(data), data).convert("RGB")
    small.thumbnail((THUMB, THUMB), Image.Resampling.LANCZOS)
    small.info.clear()
    out = io.BytesIO()
    small.save(out, "WEBP", quality=85, method=2)
    return out.getvalue()
