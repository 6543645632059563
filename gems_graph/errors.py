"""The error tree; every message names the remedy.

GemsError             (a RuntimeError)
├── UsageError          what you asked for cannot be done as written
│   ├── ClaimedError        another process works on it
│   └── OutsideWorldError   the offline `mini` models do not know these words
├── ConfigError         a setting, a file, a key or a package is missing or wrong
├── AnswerError         a chat model gave no answer that is of use
│   ├── RefusedError        it will not answer at all
│   └── UnreadableError     it kept answering in a form nobody can read, and a role goes without
├── ModelError          a chat model could not be reached or refused the call
├── BudgetError         a cap on images, calls, tokens, seconds or money is reached
├── GeneratorError      an image generator failed or returned no picture
│   ├── ContentRefusedError the prompt or the picture was refused
│   ├── BadRequestError     it cannot draw what was asked for so
│   ├── NoMemoryError       its device has too little memory
│   └── TransientError      it failed in a way that may pass, and is asked again
└── StoreError          a stored picture or text is missing or damaged
"""

from __future__ import annotations


class GemsError(RuntimeError):
    """Base of every error this package raises on purpose.

    A `RuntimeError`, as the agent server hides the messages of errors that are no builtin kind.
    """


class UsageError(GemsError):
    """The request cannot be carried out as written; the message says what to change."""


class ClaimedError(UsageError):
    """Another process works on it; wait, or stop that one."""


class OutsideWorldError(UsageError):
    """The offline `mini` models know only a small illustrated world."""


class ConfigError(GemsError):
    """A setting, file, key or package is missing or wrong."""


class AnswerError(GemsError):
    """A chat model gave no usable answer, even when asked again.

    Attributes:
        raw: the last raw text of the model.
    """

    def __init__(self, message: str, raw: str = "") -> None:
        super().__init__(message)
        self.raw = raw


class RefusedError(AnswerError):
    """A chat model declined to answer; asking again would not help."""


class UnreadableError(AnswerError):
    """A chat model kept answering in a form nobody can read; nodes go on without the answer.

    With the setting `strict` a plain `AnswerError` is raised in its place, which ends the run.
    """


class BudgetError(GemsError):
    """A cap is reached; nothing more is spent."""


class ModelError(GemsError):
    """A chat model could not be reached, or refused the call."""


class GeneratorError(GemsError):
    """An image generator failed, or what it returned is not a picture."""


class ContentRefusedError(GeneratorError):
    """A generator refused the prompt, or to show its picture; it is not asked again."""


class BadRequestError(GeneratorError):
    """A generator cannot draw what was asked for so; the message says what to change."""


class NoMemoryError(GeneratorError):
    """The device of a generator has too little memory for the picture."""


class TransientError(GeneratorError):
    """A generator failed in a way that may pass by itself: it is asked again."""


class StoreError(GemsError):
    """A stored picture or text is missing or damaged."""
