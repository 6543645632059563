"""What can be done while the first request of the process is under way, and not before."""

from __future__ import annotations

import threading
from collections.abc import Callable

_SENT = ".send_request_body.complete"
"""How the events end with which httpcore traces that a request has left (HTTP/1.1 and 2)."""
_waiting: list[Callable[[], object]] = []


def meanwhile(action: Callable[[], object]) -> None:
    """Run an action in a thread of its own, once the next request has been sent.

    For what is needed later and takes long, as imports do. If no request is ever sent, or not by
    our own client, nobody runs it: it may be no more than a head start.
    """
    _waiting.append(action)


async def trace(event: str, _: object) -> None:
    """Start what waits for a request to be sent; an httpx client calls this (`extensions`)."""
    while _waiting and event.endswith(_SENT):
        threading.Thread(target=_waiting.pop(), name="gems-meanwhile", daemon=True).start()
