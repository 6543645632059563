"""Which servers may be called: all that settings name, or those that the host allows."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from gems_graph.errors import ConfigError

VARIABLE = "GEMS_SERVERS"


def check_server(url: str) -> None:
    """Make sure that the host allows a server, before any key is sent to it.

    `GEMS_SERVERS` lists host names, each perhaps with its port, apart by commas or blanks; where it
    is unset every server is allowed. It is no setting, so no kept trajectory can widen it.

    Args:
        url: of the server, or empty.

    Raises:
        ConfigError: it is not among those that are allowed.
    """
    if not url or VARIABLE not in os.environ:
        return
    if not is_listed(url, VARIABLE):
        msg = (
            f"The server {_place(url)} is not among those that {VARIABLE} allows: add it there, or "
            "name another server with --set."
        )
        raise ConfigError(msg)


def is_listed(url: str, variable: str) -> bool:
    """Tell whether an environment variable lists the host of a URL, perhaps with its port."""
    listed = os.environ.get(variable, "").lower().replace(",", " ").split()
    try:
        parts = urlsplit(url.lower())
        names = {parts.hostname, f"{parts.hostname}:{parts.port or _port(parts.scheme)}"}
    except ValueError:  # a port that is none
        return False
    return not names.isdisjoint(listed)


def _port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def _place(url: str) -> str:
    """Return the host of a URL, for messages: the rest may hold a password."""
    return repr(urlsplit(url).netloc.rpartition("@")[2])
