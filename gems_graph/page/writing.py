"""What changes something: draw, stop, answer, go on, branch off, compare, enter."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gems_graph.errors import GemsError, UsageError
from gems_graph.page.forms import Form, answer_in, form_of, prompt_in, settings_in
from gems_graph.page.shelf import Seen, look
from gems_graph.page.site import Site, filled, to
from gems_graph.persistence.fork import fork
from gems_graph.runs.follow import Job
from gems_graph.settings import Settings, from_assignments, settle
from gems_graph.strategies import check_roles, open_strategy

Handler = Callable[[Request, Form], Awaitable[Response]]
_WRONG_PASSWORD = 0.5  # seconds that a wrong one costs


class Writing:
    """The handlers of what changes something; all are forms, sent from pages of ours.

    Args:
        site: what is served.
    """

    def __init__(self, site: Site) -> None:
        self._site = site

    def posted(self, path: str, handler: Handler) -> Route:
        """Return a route that hands a form to a handler, where it may be handed."""

        async def checked(request: Request) -> Response:
            if request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
                return self._site.refuse(request, "Another site's page may not do that.", 403)
            thread = request.path_params.get("thread", "")
            if thread and not self._site.people.owns(request, thread):
                return self._site.refuse(
                    request, "Only whoever began this picture may change it.", 403
                )
            form = Form({})
            try:
                form = await form_of(request)
                return await handler(request, form)
            except GemsError as error:
                if path in ("/runs", "/compare"):
                    return self._site.form(request, filled(form), error=str(error), status=400)
                return self._site.refuse(request, str(error))

        return Route(path, checked, methods=["POST"])

    async def draw(self, request: Request, form: Form) -> Response:
        """Begin a picture."""
        prompt, settings = prompt_in(form), _settings(self._site, form)
        thread = self._site.new_thread(request)
        self._site.runs.begin(
            Job(thread, prompt, settings=settings), self._site.people.owner_of(request)
        )
        return to(f"/t/{thread}")

    async def compare(self, request: Request, form: Form) -> Response:
        """Begin a picture by each of several strategies."""
        prompt, names = prompt_in(form), form.all("strategies")
        if not names:
            msg = "Choose the strategies to be compared."
            raise UsageError(msg)
        group = self._site.new_thread(request)
        jobs = [
            Job(
                f"{group}.{name}",
                prompt,
                settings=settle(_settings(self._site, form), {"strategy": name}),
            )
            for name in names
        ]
        for job in jobs:
            self._site.runs.begin(job, self._site.people.owner_of(request))
        return to("/c?" + "&".join(f"t={job.thread}" for job in jobs))

    async def stop(self, request: Request, form: Form) -> Response:
        """Stop a run."""
        thread = request.path_params["thread"]
        self._site.runs.stop(thread, at_once=form["how"] == "now")
        return to(f"/t/{thread}")

    async def answer(self, request: Request, form: Form) -> Response:
        """Answer the question of a pause."""
        seen = await _kept(self._site, request)
        if seen.question is None:
            msg = "This question has been answered already."
            raise UsageError(msg)
        return _go_on(
            self._site, request, seen, Job(seen.thread, answer=answer_in(form, seen.question))
        )

    async def resume(self, request: Request, form: Form) -> Response:
        """Go on where a run stopped, or for more rounds."""
        asked = {"max_iterations": form["rounds"], "pause": form["pause"]}
        given = from_assignments({name: value for name, value in asked.items() if value})
        seen = await _kept(self._site, request)
        return _go_on(self._site, request, seen, Job(seen.thread, settings=Settings(**given)))

    async def branch(self, request: Request, form: Form) -> Response:
        """Branch off after a round, and go on."""
        seen = await _kept(self._site, request)
        criteria = form.lines("criteria")
        same = criteria == [each["question"] for each in seen.last.values["criteria"]]
        settings = {"max_iterations": form["max_iterations"]} if form["max_iterations"] else {}
        name = await fork(
            self._site.threads, seen.thread, round=_number(form["round"]),
            prompt=form["prompt"] or None, settings=settings,
            criteria=None if same or not criteria else criteria,
            to=self._site.new_thread(request),
        )  # fmt: skip
        kept = await look(self._site.threads, name)
        before = kept.last.values if kept else {}
        self._site.runs.begin(Job(name), self._site.people.owner_of(request), before)
        return to(f"/t/{name}")


def writing_routes(site: Site) -> list[BaseRoute]:
    """Return the routes of what changes something."""
    forms = Writing(site)
    return [
        forms.posted("/runs", forms.draw),
        forms.posted("/compare", forms.compare),
        forms.posted("/t/{thread}/stop", forms.stop),
        forms.posted("/t/{thread}/answer", forms.answer),
        forms.posted("/t/{thread}/resume", forms.resume),
        forms.posted("/t/{thread}/fork", forms.branch),
    ]


def login_route(site: Site) -> BaseRoute:
    """Return the route that takes the password."""

    async def login(request: Request) -> Response:
        form = await form_of(request)
        if not site.people.knows(form["password"]):
            await asyncio.sleep(_WRONG_PASSWORD)
            return site.show(
                request, "word.html", status=403, title="GEMS", login=True, text="",
                error="That is not the password.",
            )  # fmt: skip
        response = to("/")
        site.people.admit(request, response)
        return response

    return Route("/login", login, methods=["POST"])


def _settings(site: Site, form: Form) -> Settings:
    settings = settings_in(form, site.settings, here=site.here)
    check_roles(settings.roles, open_strategy(settings.strategy))
    return settings


def _go_on(site: Site, request: Request, seen: Seen, job: Job) -> Response:
    site.runs.begin(job, site.people.owner_of(request), seen.last.values)
    return to(f"/t/{seen.thread}")


async def _kept(site: Site, request: Request) -> Seen:
    """Return the trajectory that a form is about.

    Raises:
        UsageError: it is worked on, or there is none.
    """
    thread = request.path_params["thread"]
    if site.runs.find(thread):
        msg = "This picture is being worked on: stop it first."
        raise UsageError(msg)
    seen = await look(site.threads, thread)
    if seen is None:
        msg = "There is no such picture here, or it was removed."
        raise UsageError(msg)
    return seen


def _number(text: str) -> Any:
    return int(text) if text.isdecimal() and len(text) < 6 else None
