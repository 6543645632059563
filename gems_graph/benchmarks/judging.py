"""What a judge is asked about a picture, and what it replies; plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Query:
    """One question to a judge, put together with one picture.

    Attributes:
        text: of the user's message.
        system: of the system's; empty: none.
        max_tokens: of the reply.
        temperature: of the sampling; None: the server's own.
        logprobs: whether the likeliest first tokens are asked for.
        repeat: tells apart queries that are asked several times.
    """

    text: str
    system: str = ""
    max_tokens: int = 1024
    temperature: float | None = 0.0
    logprobs: bool = False
    repeat: int = 0


@dataclass(frozen=True)
class Reply:
    """What a judge said.

    Attributes:
        text: of the reply.
        first: the likeliest first tokens and their log-probabilities, natural logarithm.
    """

    text: str
    first: tuple[tuple[str, float], ...] = field(default=())

    @classmethod
    def of(cls, fields: dict[str, Any]) -> Reply:
        """Read a reply from plain JSON."""
        return cls(fields["text"], tuple((str(t), float(p)) for t, p in fields.get("first", [])))

    def plain(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {"text": self.text, "first": [list(each) for each in self.first]}
