"""Ask a person through LangGraph's interrupt; an answer that does not fit is asked for again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from langgraph.config import get_config, get_stream_writer
from langgraph.errors import GraphInterrupt
from langgraph.types import Interrupt, Overwrite, interrupt
from pydantic import TypeAdapter, ValidationError

from gems_graph.review.answers import Answer, in_words
from gems_graph.review.questions import Question
from gems_graph.runtime.events_of import events_of
from gems_graph.runtime.node import in_effect
from gems_graph.state import State

A = TypeVar("A", bound=Answer)


def ask(question: Question, form: type[A], state: State) -> A:
    """Stop the run until somebody answers; then return the answer.

    A run that was to ask when it came here, and by now is to ask nobody, goes on unchanged. An
    answer that does not fit is forgotten, and the question asked again with its `problem`.
    """
    try:
        return interrupt(question, response_schema=form)
    except GraphInterrupt:
        if in_effect(state).pause in (form.pause, "both"):
            raise
        return form()
    except ValidationError as error:
        raise _again({**question, "problem": in_words(error, question)}, form) from error


def _again(question: Mapping[str, Any], form: type[Answer]) -> GraphInterrupt:
    """Return what asks once more; a second `interrupt` would take an older answer for the next."""
    namespace = get_config()["configurable"]["checkpoint_ns"]
    asked: Interrupt[Any] = Interrupt.from_ns(
        question, namespace, response_schema=TypeAdapter(form).json_schema()
    )
    return GraphInterrupt((asked,))


def announce(state: State, update: dict[str, Any]) -> dict[str, Any]:
    """Send the events of an update to whoever follows the run, and return the update."""
    tell = get_stream_writer()
    values = {k: v.value if isinstance(v, Overwrite) else v for k, v in update.items()}
    for event in events_of(state, values):
        tell(event)
    return update
