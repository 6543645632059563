"""What a benchmark can do beside: be judged by a model, or be measured on the pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from gems_graph.benchmarks.judging import Query, Reply
from gems_graph.benchmarks.task import Prompt


@runtime_checkable
class Judged(Protocol):
    """A benchmark whose pictures a model can judge, over an endpoint."""

    def queries(self, prompt: Prompt, template: str) -> list[Query]:
        """Return what a judge is asked about one picture; empty: nothing about this one.

        Args:
            prompt: of the data.
            template: the judge's prompt, where it has to come from the user.
        """

    def parse(self, prompt: Prompt, replies: Sequence[Reply]) -> Any:
        """Return the `answers` of a sample from a judge's replies, one a query.

        Raises:
            ValueError: a reply cannot be read.
        """


@runtime_checkable
class Measured(Protocol):
    """A benchmark whose truth is in the pixels."""

    def measured(self, prompt: Prompt, picture: bytes) -> Any:
        """Return the `answers` of a picture."""
