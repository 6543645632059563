"""Ask a person through LangGraph's interrupt; a bad answer leaves the question open."""

from __future__ import annotations

from typing import TypeVar

from langgraph.types import interrupt
from pydantic import ValidationError

from gems_graph.review.answers import Answer, UnfitAnswerError, in_words
from gems_graph.review.questions import Question

A = TypeVar("A", bound=Answer)


def ask(question: Question, form: type[A]) -> A:
    """Stop the run until somebody answers; then return the answer.

    Raises:
        UnfitAnswerError: the answer does not fit; it is forgotten, and the question stays open.
    """
    try:
        return interrupt(question, response_schema=form)
    except ValidationError as error:
        msg = f"{in_words(error, question)} The run still waits."
        raise UnfitAnswerError(msg) from error
