"""Replies of every kind to a probe: the right verdict, another asking, or the right error."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import BaseMessage, HumanMessage

from gems_graph.calls.budget import Budget, Place
from gems_graph.errors import AnswerError, RefusedError, UnreadableError
from gems_graph.models.answers import Answer, Question, ask
from gems_graph.models.reply import Reply
from gems_graph.nodes.probes import Judgement
from gems_graph.settings import Settings

CORPUS = Path(__file__).parents[1] / "fixtures" / "replies.jsonl"
"""Replies in the shapes that model families and servers send; the shapes are real, each documented
or seen in issues of the `source`, the sentences are ours."""
REPLIES = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]
UNREADABLE = [each["reply"] for each in REPLIES if each["expected"] == "unreadable"]

REFUSED = [
    Reply("", "", "SAFETY"),
    Reply("", "", "sensitive"),
    Reply("I can't help with that.", "", "refusal"),
    Reply("", "", "content_filter"),
    Reply("", "", "stop", refusal="I cannot judge people."),
    Reply('{"answer": "yes"}', "", "content_filter"),
]


class Replying:
    """Stands for a `Chat`: gives replies in turn, and remembers what it was asked."""

    name = "model"

    def __init__(self, *replies: Reply) -> None:
        self.replies = replies
        self.talks: list[list[BaseMessage]] = []

    async def complete(self, messages: list[BaseMessage], *_: Any, **__: Any) -> Reply:
        self.talks.append(messages)
        return self.replies[len(self.talks) - 1]


def put(chat: Any, attempts: int) -> Answer[Judgement]:
    question = Question("verifier", HumanMessage("probe"), Judgement, {})
    settings = Settings(attempts=attempts)
    answer = asyncio.run(ask(question, chat, settings, Budget(settings, Place())))
    if isinstance(answer, AnswerError):
        raise answer
    return answer


def judged(*replies: Reply, attempts: int = 2) -> tuple[Judgement, int]:
    """The verdict read from replies in turn, and how many were needed."""
    chat = Replying(*replies)
    return put(chat, attempts).value, len(chat.talks)


def answered(reply: Reply) -> Answer[Judgement]:
    return put(Replying(reply), 1)


def said(text: str, finish: str = "stop") -> Reply:
    return Reply(text, "", finish)


def test_the_corpus_is_long_and_of_many_sources() -> None:
    assert len(REPLIES) >= 300
    assert len({each["source"] for each in REPLIES}) >= 30
    assert Counter(each["expected"] for each in REPLIES).keys() == {*EXPECTED}


EXPECTED = ("yes", "no", "unsure", "unreadable")


@pytest.mark.parametrize("each", REPLIES, ids=lambda each: each["source"])
def test_a_reply_is_read_as_what_it_says_or_asked_again(each: dict[str, str]) -> None:
    value, calls = judged(said(each["reply"]), said("unsure"))
    expected = (each["expected"], 1) if each["expected"] != "unreadable" else ("unsure", 2)
    assert (value.answer, calls) == expected


@pytest.mark.parametrize("text", UNREADABLE)
def test_what_stays_unreadable_keeps_the_raw_text(text: str) -> None:
    with pytest.raises(UnreadableError, match="no usable answer in 2 attempts") as caught:
        judged(said(text), said(text))
    assert caught.value.raw == text


def test_reasoning_in_the_text_is_the_thought_where_none_came_beside_it() -> None:
    text = '<think>Two circles.</think>{"answer": "yes"}'
    assert answered(said(text)).thought == "Two circles."
    assert answered(Reply(text, "Beside it.", "stop")).thought == "Beside it."


@pytest.mark.parametrize("reply", REFUSED)
def test_a_refusal_is_an_error_of_its_own_and_not_asked_again(reply: Reply) -> None:
    with pytest.raises(RefusedError, match=r"refused to answer.*another model"):
        judged(reply, said("yes"))


@pytest.mark.parametrize(
    ("reply", "remedy"),
    [
        (said('{"answer": "yes"}', "length"), "Raise max_tokens"),
        (said('{"answer": "yes"}', "max_tokens"), "Raise max_tokens"),
        (said(""), "Check that the model takes pictures"),
        (Reply("", "I think and think", "stop"), "lower its thinking"),
        (said("<think>I think and think"), "lower its thinking"),
        (said("gibberish"), "Try a stronger model"),
    ],
)
def test_every_failure_has_its_own_remedy(reply: Reply, remedy: str) -> None:
    with pytest.raises(AnswerError, match=remedy):
        judged(reply, reply)


def test_the_second_asking_carries_the_complaint_and_the_first_answer() -> None:
    chat = Replying(said("maybe"), said("yes"))
    put(chat, 3)
    assert [m.type for m in chat.talks[1]] == ["human", "ai", "human"]
    assert chat.talks[1][1].content == "maybe"
    assert "could not be read" in str(chat.talks[1][2].content)
