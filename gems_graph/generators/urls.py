"""Servers that draw alike: the least busy first, one that failed is left alone for a while."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from gems_graph.calls.retry import is_fault, is_unheard
from gems_graph.errors import ConfigError
from gems_graph.settings.servers import check_server

AWAY, LONGEST_AWAY = 5.0, 120.0
"""Seconds that a server is left alone after a failure, twice as long after each more; at most."""
_BETWEEN = re.compile(r"\s*,\s*(?=https?://)|\s+", re.IGNORECASE)


def split(text: str) -> list[str]:
    """Return the addresses in a list, apart by commas or blanks; a comma within one is its own."""
    return [url for url in _BETWEEN.split(text.strip()) if url]


def urls_in(text: str, example: str) -> list[str]:
    """Return the http addresses in a list, each once.

    Args:
        text: one address or several.
        example: how to write it, for the message.

    Raises:
        ConfigError: there is none, one is no http address, or the host does not allow it.
    """
    urls = split(text)
    for url in urls:
        if not re.match(r"https?://[^/\s?#,]+([/?#]|$)", url, re.IGNORECASE):
            msg = f"{url!r} is no http address; write for example {example}"
            raise ConfigError(msg)
        check_server(url)
    if not urls:
        msg = f"The generator is given no http address of its server; write for example {example}"
        raise ConfigError(msg)
    return list(dict.fromkeys(urls))


def place_of(url: str) -> str:
    """Return host and port of an address, for records: the rest may hold a password."""
    return urlsplit(url).netloc.rpartition("@")[2]


def securest(urls: Sequence[str]) -> str:
    """Return an https address among some, if there is one: who calls it needs authorities."""
    return next((url for url in urls if url.lower().startswith("https:")), urls[0])


@dataclass
class _Server:
    """A server, and what is known of it; `until` in the time of the clock."""

    url: str
    busy: int = 0
    failures: int = 0
    until: float = 0.0
    last: int = 0


class Servers:
    """Servers that draw alike, each call on the one that has least to do.

    One that failed is left alone for a while. After that a single call tries it, and the others
    come back when that one succeeds. Where all have failed they are used all the same.

    Args:
        urls: of the servers, one at least.
        clock: gives seconds.
    """

    def __init__(self, urls: Sequence[str], clock: Callable[[], float] = time.monotonic) -> None:
        self._servers, self._clock, self._turns = [_Server(url) for url in urls], clock, 0

    def turns(self) -> Iterator[AbstractContextManager[str, bool | None]]:
        """Yield a turn for each server: one that nobody reaches has drawn nothing, so try the next.

        After any other failure it is for the caller to repeat the call, as it may have been paid.
        """
        for left in reversed(range(len(self._servers))):
            yield self.turn(is_last=not left)

    def present(self) -> list[str]:
        """Return the addresses of servers that are not left alone; where all are, of all."""
        urls = [server.url for server in self._servers if not self._rank(server)[0]]
        return urls or [server.url for server in self._servers]

    @contextmanager
    def turn(self, is_last: bool = True, at: str = "") -> Iterator[str]:
        """Lend the address of a server for one call, and learn from how the call ends.

        Args:
            is_last: raise also where nobody could be reached.
            at: the address of a certain server; empty: that of the one that has least to do.
        """
        fitting = [server for server in self._servers if at in ("", server.url)]
        server = min(fitting, key=self._rank)
        self._turns += 1
        server.last = self._turns
        server.busy += 1
        try:
            yield server.url
            server.failures = 0
        except BaseException as error:
            if is_fault(error):
                self._eject(server)
            if is_last or not is_unheard(error):
                raise
        finally:
            server.busy -= 1

    def _rank(self, server: _Server) -> tuple[bool, int, float, int]:
        """Return what the next server has least of: being away, calls, time to wait, last turn."""
        on_trial = self._clock() >= server.until and not server.busy
        away = server.failures > 0 and not on_trial
        return away, server.busy, server.until if away else 0.0, server.last

    def _eject(self, server: _Server) -> None:
        if server.failures and self._clock() < server.until:
            return  # calls that were under way fail together: one outage
        server.failures += 1
        pause = min(LONGEST_AWAY, AWAY * 2.0 ** (server.failures - 1))
        server.until = self._clock() + pause
