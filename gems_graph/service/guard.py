"""Who may call: only by names under which this server is known, and only from pages of its own."""

from __future__ import annotations

import os
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Guard:
    """Answers 421 to a foreign `Host` and 403 to a foreign `Origin`.

    Without it any page in a browser on this machine could have pictures drawn: by a name of its own
    that it makes point here (DNS rebinding), or by a plain request across origins.

    Args:
        app: what is guarded.
        hosts: names beside those of the loopback and that of `GEMS_URL`.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] = ()) -> None:
        self._app, self._hosts = app, LOOPBACK | {host.lower() for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers({})
        if scope["type"] == "http" and not self._knows("//" + headers.get("host", "")):
            text = "This server does not go by that name; allow it: --allow-host, or GEMS_URL."
            await PlainTextResponse(text, 421)(scope, receive, send)
        elif "origin" in headers and not self._knows(headers["origin"]):
            text = "Pages of that origin may not call this server; allow it: --allow-host."
            await PlainTextResponse(text, 403)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _knows(self, address: str) -> bool:
        own = {_host_in(os.environ.get("GEMS_URL", ""))} - {""}
        return _host_in(address) in self._hosts | own


def _host_in(address: str) -> str:
    """Return the host of an address, without its port; empty: it names none."""
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""
