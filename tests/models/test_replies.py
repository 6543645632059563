"""Replies of every kind to a probe: the right verdict, another asking, or the right error."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain_core.messages import BaseMessage, HumanMessage

from gems_graph.calls.budget import Budget, Place
from gems_graph.errors import AnswerError, RefusedError
from gems_graph.models.answers import Question, ask
from gems_graph.models.reply import Reply
from gems_graph.nodes.probes import Judgement
from gems_graph.settings import Settings

READ = {
    "yes": [
        "yes", "Yes", "YES", " yes \n", "yes.", "Yes!", "**Yes**", "`yes`", '"yes"', "'Yes'",
        "(yes)", "```yes```",
        '{"answer": "yes"}', '{"answer": "Yes"}', '{"answer": " YES "}',
        '{"evidence": "two circles", "answer": "yes"}',
        '{"answer": "yes", "evidence": "no other shape is there"}',
        '{"evidence": "nothing is missing, no doubt", "answer": "yes"}',
        '{"evidence": "a notebook, snowing", "answer": "yes", "confidence": 0.4}',
        '```json\n{"answer": "yes"}\n```', '```\n{"answer": "yes"}\n```',
        '```JSON\n{"answer":"yes"}```',
        '\n\n{"evidence": "两个圆", "answer": "yes"}\n',
    ],
    "no": [
        "no", "No", "NO.", "no\n", "**no**", '"No"', "'no'.",
        '{"answer": "no"}', '{"answer": "NO"}',
        '{"evidence": "yes, there is one, but it is red", "answer": "no"}',
        '{"evidence": "no es", "answer": "no"}',
        '```json\n{"evidence": "one", "answer": "no"}\n```',
    ],
    "unsure": [
        "unsure", "Unsure", "UNSURE.", '"unsure"', '{"answer": "unsure"}',
        '{"evidence": "too dark", "answer": "Unsure"}',
    ],
}  # fmt: skip

ASKED_AGAIN = [
    # prose, however clear it seems
    "Yes, no doubt", "Yes, nothing is missing", "Yes, the notebook is there", "yes, another one",
    "No, I do not see it", "Not sure", "not sure", "I am not sure", "maybe", "probably yes",
    "It is snowing", "eyes closed", "Yesterday", "nope", "yep", "yeah", "not", "none", "n", "y",
    "true", "false", "1", "0", "yes no", "yes/no", "yes or no", "no yes", "yes. no.", "unsure, yes",
    "The answer is yes.", "Answer: yes", "answer=yes", "- yes", "1. yes", "> no", "# yes",
    "Let me look closely. There are two circles, so: yes",
    # other languages
    "是", "否", "不是", "有", "ja", "nein", "oui", "sí", "はい", "いいえ", "да", "نعم", "нет",
    # code fences with more around them, or broken
    'Here it is:\n```json\n{"answer": "yes"}\n```', '```json\n{"answer": "yes"}',
    '{"answer": "yes"} I hope this helps', 'Sure! {"answer": "no"}',
    '{"answer": "yes"}{"answer": "no"}',
    # truncated JSON
    '{"answer": "yes"', '{"answer": "ye', '{"evidence": "two", "answer"', "{", '{"answer": "yes",',
    # wrong schema
    "{}", "[]", "null", "true ", '"maybe"', '{"answer": true}', '{"answer": 1}', '{"answer": null}',
    '{"answer": ["yes"]}', '{"answer": "definitely"}', '{"answer": "yes and no"}',
    '{"Answer": "yes"}',
    '{"verdict": "yes"}', '{"answer": "是"}', '{"answer": ""}', '["yes"]', "[\"answer\", \"no\"]",
    '{"answer": {"answer": "yes"}}', '{"evidence": 3, "answer": "yes"}', "answer: yes",
    # nothing
    "", "   ", "\n", ".", "...", "?", "😀",
    # thinking left in the text
    "<think>yes?</think> no", "<answer>yes</answer>",
]  # fmt: skip

REFUSED = [
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


def put(chat: Any, attempts: int) -> Judgement:
    question = Question("verifier", HumanMessage("probe"), Judgement, {})
    settings = Settings(attempts=attempts)
    answer = asyncio.run(ask(question, chat, settings, Budget(settings, Place())))
    if isinstance(answer, AnswerError):
        raise answer
    return answer.value


def judged(*replies: Reply, attempts: int = 2) -> tuple[Judgement, int]:
    """The verdict read from replies in turn, and how many were needed."""
    chat = Replying(*replies)
    return put(chat, attempts), len(chat.talks)


def said(text: str, finish: str = "stop") -> Reply:
    return Reply(text, "", finish)


def test_the_table_is_long_enough() -> None:
    assert sum(map(len, READ.values())) + len(ASKED_AGAIN) + len(REFUSED) >= 80


@pytest.mark.parametrize(
    ("text", "verdict"), [(text, verdict) for verdict, texts in READ.items() for text in texts]
)
def test_a_bare_word_or_the_schema_is_read(text: str, verdict: str) -> None:
    value, calls = judged(said(text))
    assert (value.answer, calls) == (verdict, 1)


@pytest.mark.parametrize("text", ASKED_AGAIN)
@pytest.mark.parametrize("then", ["yes", "no"])
def test_anything_else_is_asked_again_and_never_interpreted(text: str, then: str) -> None:
    value, calls = judged(said(text), said(then))
    assert (value.answer, calls) == (then, 2)


@pytest.mark.parametrize("text", ASKED_AGAIN)
def test_what_stays_unreadable_is_an_error_with_the_raw_text(text: str) -> None:
    with pytest.raises(AnswerError, match="no usable answer in 2 attempts") as caught:
        judged(said(text), said(text))
    assert caught.value.raw == text


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
