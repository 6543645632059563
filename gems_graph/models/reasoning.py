"""Reasoning that came inside a reply's text, told apart from the answer."""

from __future__ import annotations

import re
from typing import NamedTuple

from gems_graph.models.loose_json import objects

_NAMES = (
    r"think|thinking|thought|thoughts|reason|reasoning|reflection|analysis|scratchpad|seed:think"
)
_TAG = re.compile(
    rf"<(?P<end>/?)\s{{0,3}}(?:{_NAMES})(?:\s[^<>]{{0,40}})?>"  # Qwen, DeepSeek, GLM, Seed
    r"|◁(?P<end2>/?)think▷"  # Kimi-VL
    r"|\[(?P<end3>/?)THINK\]"  # Magistral
    r"|<\|(?:START|(?P<end4>END))_THINKING\|>"  # Command A
    r"|<\|(?:begin|(?P<end5>end))_of_thought\|>",
    re.IGNORECASE,
)
_CHANNEL = re.compile(  # gpt-oss: harmony
    r"<\|channel\|>\s{0,3}(\w{1,20})[^<]{0,80}(?:<\|constrain\|>[^<]{0,80})?<\|message\|>"
)
_WITHOUT_TOKENS = re.compile(r"analysis(?=[A-Z])")  # harmony, from servers that drop its tokens
_BOX = re.compile(r"<\|(begin|end)_of_box\|>")  # GLM-V
_TOKEN = re.compile(
    r"<[|｜][\w/ ▁-]{1,40}[|｜]>|</?s>|<(?:eos|bos|end_of_turn|start_of_turn)>|\[/?INST\]|\ufeff"
)
_ANSWERS = re.compile(r"[\"']\w{1,20}[\"']\s{0,9}:")


class Parts(NamedTuple):
    """A reply's text as answer and reasoning."""

    answer: str
    thought: str


def parts_of(text: str) -> Parts:
    """Tell the answer in a reply's text from reasoning; drop the tokens of chat templates.

    Reasoning that never ends leaves no answer. A text that is one JSON object is left alone, as
    its strings may quote such marks.
    """
    text = text.strip("\ufeff \t\r\n")
    if text.startswith("{") and [each.end for each in objects(text)] == [len(text)]:
        return Parts(text, "")
    answer, thoughts = _by_channel(text) if "<|channel|>" in text else _by_tag(text)
    answer = _BOX.sub(lambda box: "</answer>" if box[1] == "end" else "<answer>", answer)
    thought = "\n".join(each.strip() for each in thoughts if each.strip())
    return Parts(_TOKEN.sub(" ", answer).strip(), _TOKEN.sub(" ", thought).strip())


def _by_channel(text: str) -> tuple[str, list[str]]:
    """Part the channels of harmony; what stands before the first is part of the answer.

    There is none where the last is no `final` one, or says nothing.
    """
    before, *channels = _CHANNEL.split(text)
    answer, thoughts = list[str](), list[str]()
    for name, content in zip(channels[::2], channels[1::2], strict=True):
        (answer if name == "final" else thoughts).append(content.partition("<|end|>")[0])
    ends = bool(channels) and channels[-2] == "final" and bool(answer[-1].strip())
    return "\n".join([before, *answer]) if ends else "", thoughts


def _by_tag(text: str) -> tuple[str, list[str]]:
    """Part the text at the marks of reasoning; there is no answer where nothing follows the last.

    An end without a beginning ends what the chat template began; but not where it may stand in a
    string of JSON.
    """
    if bare := _WITHOUT_TOKENS.match(text):
        thought, final, answer = text[bare.end() :].rpartition("assistantfinal")
        return (answer, [thought]) if final else ("", [answer])
    visible, thoughts, depth, at = list[str](), list[str](), 0, 0
    for k, tag in enumerate(_TAG.finditer(text)):
        piece, at = text[at : tag.start()], tag.end()
        closes = any(tag.groupdict().values())
        stray = closes and not k and (_alone(tag) or not _ANSWERS.search(piece))
        (thoughts if depth or stray else visible).append(piece)
        depth = max(0, depth + (-1 if closes else 1))
    last = text[at:]
    if depth or not last.strip():
        return "", [*thoughts, last] if depth else thoughts
    return "\n".join([*visible, last]), thoughts


def _alone(tag: re.Match[str]) -> bool:
    """Tell whether a mark stands on a line of its own."""
    before, after = tag.string[: tag.start()], tag.string[tag.end() : tag.end() + 1]
    return after in ("", "\n") and before.rstrip(" ").endswith("\n")
