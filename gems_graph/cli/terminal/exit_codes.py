"""Exit codes of `gems`: one meaning each, for one picture and for many."""

from __future__ import annotations

from gems_graph.errors import ConfigError, GemsError, OutsideWorldError, UsageError

PASSED = 0
"""All criteria passed, or a person accepted the picture."""
FAILED = 1
"""An error, and no image."""
USAGE = 2
"""Wrong usage, or an answer that does not fit."""
BEST_EFFORT = 3
"""An image that does not pass all criteria."""
WAITING = 4
"""It waits for a person."""


def code_of(error: GemsError) -> int:
    """Return the exit code of an error: of one that another command line would not have met, 2."""
    wrong = isinstance(error, UsageError | ConfigError) and not isinstance(error, OutsideWorldError)
    return USAGE if wrong else FAILED


def of_signal(signum: int) -> int:
    """Return the exit code of a run that a signal ended, as shells define it."""
    return 128 + signum
