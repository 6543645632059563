"""What the page's handlers share: threads, runs, people, settings, and the ways to answer."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import SimpleNamespace
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gems_graph import plugins
from gems_graph.page.forms import Form
from gems_graph.page.live import Runs
from gems_graph.page.people import People
from gems_graph.page.render import at, page
from gems_graph.persistence.threads import Threads
from gems_graph.settings import Settings
from gems_graph.settings.presets import PRESETS
from gems_graph.strategies import open_strategy

POLICY = "; ".join(
    f"{name} {allowed}"
    for name, allowed in {
        "default-src": "'none'", "img-src": "'self' data:", "style-src": "'self'",
        "script-src": "'self'", "connect-src": "'self'", "form-action": "'self'",
        "base-uri": "'none'", "frame-ancestors": "'none'",
    }.items()
)  # fmt: skip
_HEADERS = {
    "Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin", "Cache-Control": "no-store",
}  # fmt: skip
_FIELDS = (
    "prompt", "preset", "strategy", "max_iterations", "seed", "pause", "size", "mllm",
    "generator", "mllm_url", "generator_url", "more",
)  # fmt: skip


@dataclass
class Site:
    """A page that is served.

    Attributes:
        settings: of every run, unless its form says otherwise.
        people: who may see and change what.
        here: whether only this machine reaches the page, so that forms may name models and files.
        at_once: runs side by side.
    """

    settings: Settings
    people: People
    here: bool
    at_once: int
    threads: Threads = field(init=False)
    runs: Runs = field(init=False)

    def open(self, threads: Threads) -> None:
        """Begin to serve the trajectories of a checkpointer."""
        self.threads, self.runs = threads, Runs(threads, self.at_once)

    def show(
        self, request: Request, template: str, *, status: int = 200, **values: Any
    ) -> HTMLResponse:
        """Return a page, and a name for whoever has none."""
        response = HTMLResponse(page(template, **values), status, headers=_HEADERS)
        self.people.greet(request, response)
        return response

    def form(
        self,
        request: Request,
        fields: Mapping[str, str],
        cards: Sequence[Any] = (),
        more: bool = False,
        *,
        error: str = "",
        status: int = 200,
    ) -> HTMLResponse:
        """Return the page with the form for a new picture, or for a comparison."""
        here = "compare" if request.url.path == "/compare" else ""
        return self.show(
            request, "home.html", status=status, title="GEMS", form=fields, choices=self.choices,
            here_too=self.here, cards=cards, more=more, error=error, here=here,
        )  # fmt: skip

    def refuse(self, request: Request, text: str, status: int = 400) -> HTMLResponse:
        """Return a page that says in a sentence what is wrong."""
        title = "Not found" if status == 404 else "That did not work"
        return self.show(
            request, "word.html", status=status, title=title, text=text, login=False
        )  # fmt: skip

    def new_thread(self, request: Request) -> str:
        """Return a new name, which begins as its owner's do and which nobody can guess."""
        return f"{self.people.owner_of(request) or 'ui-'}{uuid.uuid4().hex}"

    @cached_property
    def choices(self) -> Any:
        """What the form offers, and what it says stands where nothing is chosen."""
        strategies = [name for name in plugins.names("strategies") if _is_ready(name)]
        return SimpleNamespace(
            presets=["", *PRESETS], strategies=strategies, with_default=["", *strategies],
            generators=plugins.generators(), chat_models=["mini"], mllm=self.settings.mllm,
            generator=self.settings.generator, max_iterations=self.settings.max_iterations,
        )  # fmt: skip


def filled(form: Form | Mapping[str, str]) -> dict[str, str]:
    """Return the fields of the form for a new picture, empty where nothing was filled in."""
    if isinstance(form, Form):
        return {name: form[name] for name in _FIELDS}
    return {name: form.get(name, "") for name in _FIELDS}


def to(place: str) -> Response:
    """Send the browser elsewhere, by GET."""
    return RedirectResponse(at(place), 303)


def _is_ready(name: str) -> bool:
    """Tell whether a strategy can be opened here without more packages."""
    return name != "promptist" and bool(open_strategy(name))
