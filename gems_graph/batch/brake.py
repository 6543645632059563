"""Stop a batch when prompt after prompt fails in the same way: the next would, too."""

from __future__ import annotations

import re

from gems_graph.batch.summary import in_words
from gems_graph.calls.retry import status_of
from gems_graph.errors import AnswerError, UsageError

PATIENCE = 5
"""Prompts in a row that may fail in the same way."""
_PROMPT_STATUSES = {400, 413, 414, 422}
"""What servers answer to one prompt, as well as to wrong options."""


class Brake:
    """Counts failures of one cause.

    Attributes:
        reason: the failure that is to stop the batch, in words; empty: none.
    """

    def __init__(self) -> None:
        self.reason = ""
        self._last: object = None
        self._in_a_row, self._works = 0, False

    def drew(self) -> None:
        """Note that a picture was drawn: the failures in a row end."""
        self._in_a_row, self._works = 0, True

    def failed(self, error: Exception) -> None:
        """Count a failure, unless its cause is the prompt itself."""
        of_one_prompt = status_of(error.__cause__) in _PROMPT_STATUSES and self._works
        if of_one_prompt or isinstance(error, UsageError | AnswerError):
            return
        kind = _kind(error)
        self._in_a_row = self._in_a_row + 1 if kind == self._last else 1
        self._last = kind
        if self._in_a_row == PATIENCE:
            self.reason = in_words(error)


def _kind(error: Exception) -> object:
    """Return what failures of one cause share: type, status, and words without their numbers."""
    if isinstance(cause := error.__cause__, OSError) and cause.errno:
        return type(error), cause.errno
    if status := status_of(error.__cause__):  # its words may name the request
        return type(error), status
    return type(error), re.sub(r"\d[\d.,e+-]*", "#", str(error))
