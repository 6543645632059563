"""Model servers on loopback that answer by script: OpenAI-compatible chat, and pictures."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from email.message import Message
from typing import Any
from urllib.parse import parse_qs, urlsplit

from gems_graph.testing.doubles import DEFAULTS, paint, planned, task_of
from gems_graph.testing.faults import Body, Fault, Flaky, Hang
from gems_graph.testing.loopback import LoopbackServer


class ChatServer(LoopbackServer):
    """`POST /chat/completions` as OpenAI-compatible servers do it.

    Args:
        script: answers by task, as for `ScriptedChat`; a `Fault` is sent as such. A function sees
            each picture as `[picture HASH]`, so that its answer can follow from the request alone.
        reasoning: what is sent as reasoning beside each answer, if anything.
        reasoning_field: `reasoning_content` (SGLang, Kimi) or `reasoning` (vLLM, Ollama).
        logprobs: tokens with log-probabilities sent with each answer, if any.
        declines: fields of the request body that get a 400, as on servers without them.
        delays: seconds by task from request to answer; `""` for all others.
        flaky: strikes requests at random.
    """

    def __init__(
        self,
        script: Mapping[str, Any] | None = None,
        *,
        reasoning: str | None = None,
        reasoning_field: str = "reasoning_content",
        logprobs: Sequence[dict[str, Any]] | None = None,
        declines: Sequence[str] = (),
        delays: Mapping[str, float] | None = None,
        flaky: Flaky | None = None,
    ) -> None:
        super().__init__(flaky)
        self.script = {**DEFAULTS, **(script or {})}
        self._extra = {reasoning_field: reasoning} if reasoning else {}
        self._logprobs = {"logprobs": {"content": list(logprobs)}} if logprobs else {}
        self._declines, self._delays = declines, delays or {}

    def _reply(self, path: str, headers: Message, body: bytes) -> tuple[Fault | Hang | Body, float]:
        request = json.loads(body)
        if unknown := next((name for name in self._declines if name in request), None):
            self._note({"kind": "declined", "path": path, **request})
            return Fault(400, json.dumps({"error": {"message": f"unknown field {unknown}"}})), 0
        prompt = _text(request["messages"][0]["content"])
        task = task_of(prompt)
        key = headers.get("Authorization", "")
        turn = self._note(
            {
                "kind": task,
                "path": path,
                "key": key,
                "prompt": prompt,
                "bytes": len(body),
                **request,
            }
        )
        delay = self._delays.get(task, self._delays.get("", 0))
        reply = planned(self.script[task], turn, prompt)
        if isinstance(reply, Fault | Hang):
            return reply, delay
        return ("application/json", self._completion(request["model"], reply)), delay

    def _completion(self, model: str, reply: Any) -> bytes:
        text = reply if isinstance(reply, str) else json.dumps(reply, ensure_ascii=False)
        message = {"role": "assistant", "content": text, **self._extra}
        answer = {
            "id": "scripted", "object": "chat.completion", "created": 0, "model": model,
            "choices": [
                {"index": 0, "message": message, "finish_reason": "stop", **self._logprobs}
            ],
            "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
        }  # fmt: skip
        return json.dumps(answer).encode()


class ImageServer(LoopbackServer):
    """`POST /?prompt=...` with the bytes of a picture back, as existing GEMS servers do it.

    Args:
        script: in turn, bytes to send, a `Fault` or a `Hang`; None, or no more: paint.
        delay: seconds from request to answer.
        size: width and height in pixels of painted pictures, where a request names no other.
        flaky: strikes requests at random.
    """

    def __init__(
        self,
        script: Sequence[bytes | Fault | Hang | None] = (),
        *,
        delay: float = 0,
        size: tuple[int, int] = (64, 64),
        flaky: Flaky | None = None,
    ) -> None:
        super().__init__(flaky)
        self.script, self._delay, self._size = script, delay, size

    def _reply(self, path: str, headers: Message, body: bytes) -> tuple[Fault | Hang | Body, float]:
        query = {key: values[0] for key, values in parse_qs(urlsplit(path).query).items()}
        key = headers.get("Authorization", "")
        turn = self._note({"kind": "image", "path": path, "key": key, **query})
        reply = self.script[turn] if turn < len(self.script) else None
        if reply is None:
            reply = paint(query["prompt"], int(query.get("seed", 0)), _size(query, self._size))
        return (("image/png", reply) if isinstance(reply, bytes) else reply), self._delay


def _size(query: Mapping[str, str], default: tuple[int, int]) -> tuple[int, int]:
    """Return the size that a request asks for, or the ratio on the width of the default."""
    width, height = default
    if "ratio" in query:
        across, up = map(int, query["ratio"].split(":"))
        height = width * up // across
    return int(query.get("width", width)), int(query.get("height", height))


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(block.get("text") or _picture(block) for block in content)


def _picture(block: Mapping[str, Any]) -> str:
    """Return what a script sees of a picture: the same for the same bytes."""
    url = str(block.get("image_url", {}).get("url"))
    return f"[picture {hashlib.sha256(url.encode()).hexdigest()[:8]}]"
