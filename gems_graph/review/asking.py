"""Ask a person through LangGraph's interrupt; a bad answer leaves the question open."""

from __future__ import annotations

from typing import Any, TypeVar

from langgraph.config import get_stream_writer
from langgraph.errors import GraphInterrupt
from langgraph.types import Overwrite, interrupt
from pydantic import ValidationError

from gems_graph.review.answers import Answer, UnfitAnswerError, in_words
from gems_graph.review.questions import Question
from gems_graph.runtime.events_of import events_of
from gems_graph.runtime.node import in_effect
from gems_graph.state import State

A = TypeVar("A", bound=Answer)


def ask(question: Question, form: type[A], state: State) -> A:
    """Stop the run until somebody answers; then return the answer.

    A run that was to ask when it came here, and by now is to ask nobody, goes on unchanged.

    Raises:
        UnfitAnswerError: the answer does not fit; it is forgotten, and the question stays open.
    """
    try:
        return interrupt(question, response_schema=form)
    except GraphInterrupt:
        if in_effect(state).pause in (form.pause, "both"):
            raise
        return form()
    except ValidationError as error:
        msg = f"{in_words(error, question)} The run still waits."
        raise UnfitAnswerError(msg) from error


def announce(state: State, update: dict[str, Any]) -> dict[str, Any]:
    """Send the events of an update to whoever follows the run, and return the update."""
    tell = get_stream_writer()
    values = {k: v.value if isinstance(v, Overwrite) else v for k, v in update.items()}
    for event in events_of(state, values):
        tell(event)
    return update
