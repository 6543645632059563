"""Serve an app over HTTP until Ctrl-C: what the commands that serve have in common."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from typing import Any

import typer

from gems_graph.errors import UsageError
from gems_graph.prompting.sanitize import printable


def serve(app: Any, host: str, port: int, says: Callable[[str], str], *, grace: int) -> None:
    """Serve an ASGI app.

    Args:
        app: what is served.
        host: where it listens.
        port: 0: any free one.
        says: from the address to what is said of it on stderr.
        grace: seconds for connections to end after Ctrl-C.

    Raises:
        UsageError: the address is taken, or none of this machine.
    """
    import uvicorn

    listening = _listen(host, port)
    shown = f"[{host}]" if ":" in host else host
    typer.echo(printable(says(f"http://{shown}:{listening.getsockname()[1]}")), err=True)
    served = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=grace)
    uvicorn.Server(served).run(sockets=[listening])


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listen(host: str, port: int) -> socket.socket:
    """Take an address.

    Raises:
        UsageError: it is taken, or none of this machine.
    """
    try:
        return socket.create_server((host, port), family=_family(host))
    except OSError as error:
        msg = f"Cannot listen at {host}:{port} ({error.strerror or error}): name another --port."
        raise UsageError(msg) from error


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
