"""Who is at the page: an owner by a cookie of their own, and a password where one is set."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

_OWNER, _PASS = "gems_owner", "gems_pass"
_YEAR = 365 * 24 * 3600


@dataclass(frozen=True)
class People:
    """Who may do what.

    Attributes:
        password: that everybody must know; empty: none.
        everybody: whether all see and change all trajectories, not only their own.
    """

    password: str = ""
    everybody: bool = True

    def owner_of(self, request: Request) -> str:
        """Return the name of whoever asks: the start of the threads that they begin."""
        token = request.cookies.get(_OWNER, "")
        return f"ui-{hashlib.sha256(token.encode()).hexdigest()[:12]}-" if token else ""

    def may_see(self, request: Request, thread: str) -> bool:
        """Tell whether a thread is in the history of whoever asks."""
        return self.everybody or self.owns(request, thread)

    def owns(self, request: Request, thread: str) -> bool:
        """Tell whether whoever asks may change a thread: stop it, answer it, go on."""
        owner = self.owner_of(request)
        return self.everybody or bool(owner and thread.startswith(owner))

    def admits(self, request: Request) -> bool:
        """Tell whether whoever asks has said the password, or need not."""
        said = request.cookies.get(_PASS, "")
        if not self.password or hmac.compare_digest(said.encode(), self._proof().encode()):
            return True
        kind, _, token = request.headers.get("authorization", "").partition(" ")  # of MCP clients
        return kind.lower() == "bearer" and self.knows(token)

    def knows(self, password: str) -> bool:
        """Tell whether a password is the right one."""
        return hmac.compare_digest(password.encode(), self.password.encode())

    def admit(self, request: Request, response: Response) -> None:
        """Let whoever asks in from now on."""
        _set(request, response, _PASS, self._proof())

    def greet(self, request: Request, response: Response) -> None:
        """Give whoever has none a name of their own, which nobody can guess."""
        if not request.cookies.get(_OWNER):
            _set(request, response, _OWNER, secrets.token_urlsafe(24))

    def _proof(self) -> str:
        return hmac.new(self.password.encode(), b"gems ui", hashlib.sha256).hexdigest()


def _set(request: Request, response: Response, name: str, value: str) -> None:
    secure = request.url.scheme == "https"
    response.set_cookie(
        name, value, max_age=_YEAR, httponly=True, samesite="lax", secure=secure, path="/"
    )
