"""Finds the marked parts of a message: the task, the request, attempts and pictures.

Only what stands inside the tags of the prompt templates is read, never the
instructions around it.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass

from langchain_core.messages import BaseMessage, HumanMessage

from gems_graph.prompting.templates import unescape

_PICTURE = re.compile("\x00(\\d+)\x00")


@dataclass(frozen=True)
class Verdict:
    """A judged question about an attempt."""

    question: str
    answer: str
    seen: str = ""


@dataclass(frozen=True)
class Attempt:
    """What a message shows of an attempt; each part may be missing."""

    prompt: str = ""
    picture: bytes | None = None
    verdicts: tuple[Verdict, ...] = ()
    experience: str = ""


class Sheet:
    """The parts of one message.

    Args:
        messages: a conversation; its first human message counts, so that a request to
            answer again gets the same answer.
    """

    def __init__(self, messages: Sequence[BaseMessage]) -> None:
        self.pictures: list[bytes] = []
        from_humans = [message for message in messages if isinstance(message, HumanMessage)]
        self.text = self._flatten(from_humans[0]) if from_humans else ""

    def part(self, tag: str) -> str:
        """Return the text inside the first `<tag>`, or nothing."""
        matches = _find(tag, self.text)
        return _clean(matches[0][1]) if matches else ""

    def parts(self, tag: str, attribute: str) -> list[tuple[str, str]]:
        """Return (value of an attribute, text) of every `<tag attribute="...">`."""
        return [(_attribute(head, attribute), _clean(body)) for head, body in _find(tag, self.text)]

    def attempts(self, tag: str) -> list[Attempt]:
        """Return the attempts inside `<history>` or `<current>`, oldest first."""
        return [
            self._attempt(body)
            for _, section in _find(tag, self.text)
            for _, body in _find("attempt", section)
        ]

    def _attempt(self, text: str) -> Attempt:
        mark = _PICTURE.search(text)
        verdicts = [_verdict(head, body) for head, body in _find("verdict", text)]
        prompt, experience = (_find(tag, text) for tag in ("prompt", "experience"))
        return Attempt(
            prompt=_clean(prompt[0][1]) if prompt else "",
            picture=self.pictures[int(mark[1])] if mark else None,
            verdicts=tuple(verdicts),
            experience=_clean(experience[0][1]) if experience else "",
        )

    def _flatten(self, message: HumanMessage) -> str:
        """Join the blocks, each picture replaced by a mark that no text can contain."""
        pieces = []
        for block in message.content_blocks:
            if block["type"] == "text":
                pieces.append(block["text"].replace("\x00", ""))
            elif block["type"] == "image":
                pieces.append(f"\x00{len(self.pictures)}\x00")
                self.pictures.append(_decoded(block.get("base64", "")))
        return "\n".join(pieces)


def _verdict(head: str, body: str) -> Verdict:
    question, _, tail = body.partition("<seen>")
    seen = tail.partition("</seen>")[0]
    return Verdict(_clean(question), _attribute(head, "answer"), _clean(seen))


def _find(tag: str, text: str) -> list[tuple[str, str]]:
    """Return (attributes, body) of every `<tag ...>` in a text."""
    return re.findall(rf"<{tag}((?:\s[^>]*)?)>(.*?)</{tag}>", text, re.DOTALL)


def _attribute(head: str, name: str) -> str:
    match = re.search(rf'\b{name}="([^"]*)"', head)
    return unescape(match[1]) if match else ""


def _clean(text: str) -> str:
    return unescape(_PICTURE.sub("", text)).strip()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""
