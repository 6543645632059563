"""What goes wrong with servers: scripted, or seeded at random."""

from __future__ import annotations

import hashlib
import random
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True)
class Fault:
    """An answer that is an HTTP error, or with status 0 a connection cut without a word."""

    status: int
    body: str = '{"error": {"message": "scripted fault"}}'
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Hang:
    """An answer that never comes: the server waits until the client hangs up."""


Body = tuple[str, bytes]
"""Media type and bytes."""


class Flaky:
    """Seeded faults of every kind, never one request more often in a row than `most` times.

    Args:
        seed: of the random choices.
        rate: share of requests struck.
        most: strikes in a row on the same request.
    """

    KINDS: ClassVar[dict[str, Fault | Hang | Body]] = {
        "busy": Fault(429, headers={"Retry-After": "0"}),
        "broken": Fault(500),
        "away": Fault(503),
        "reset": Fault(0),
        "hang": Hang(),
        "garbage": ("text/html", b"<html><h1>502 Bad Gateway</h1></html>"),
    }

    def __init__(self, seed: int, rate: float, most: int) -> None:
        self._random, self._rate, self._most = random.Random(seed), rate, most
        self._lock = threading.Lock()
        self._strikes_in_a_row: Counter[str] = Counter()
        self.struck: Counter[str] = Counter()

    def strike(self, request: bytes) -> Fault | Hang | Body | None:
        """Return a fault for this request, or None to let it pass."""
        key = hashlib.sha256(request).hexdigest()
        with self._lock:
            if self._strikes_in_a_row[key] >= self._most or self._random.random() >= self._rate:
                self._strikes_in_a_row[key] = 0
                return None
            self._strikes_in_a_row[key] += 1
            kind = self._random.choice(list(self.KINDS))
            self.struck[kind] += 1
            return self.KINDS[kind]
