"""Stop a batch when prompt after prompt fails in the same way: the next would, too."""

from __future__ import annotations

import re

from gems_graph.batch.summary import in_words
from gems_graph.calls.retry import status_of
from gems_graph.errors import AnswerError, UsageError

PATIENCE = 5
"""Prompts in a row that may fail in the same way."""
_OWN = {400, 413, 414, 422}  # what servers say to one prompt, as well as to wrong options


class Brake:
    """Counts failures of one cause.

    Attributes:
        reason: the failure that is to stop the batch, in words; empty: none.
    """

    def __init__(self) -> None:
        self.reason = ""
        self._last: object = None
        self._row, self._works = 0, False

    def drew(self) -> None:
        """Take note of a picture: it can be done."""
        self._row, self._works = 0, True

    def failed(self, error: Exception) -> None:
        """Take note of a failure, unless it is the prompt's own."""
        own = status_of(error.__cause__) in _OWN and self._works
        if own or isinstance(error, UsageError | AnswerError):
            return
        kind = _kind(error)
        self._row = self._row + 1 if kind == self._last else 1
        self._last = kind
        if self._row == PATIENCE:
            self.reason = in_words(error)


def _kind(error: Exception) -> object:
    """Tell failures of one cause by type and words, whatever numbers and files they name."""
    if isinstance(cause := error.__cause__, OSError) and cause.errno:
        return type(error), cause.errno
    words = re.sub(r"\d[\d.,e+-]*", "#", str(error))
    return type(error), status_of(error.__cause__), words
