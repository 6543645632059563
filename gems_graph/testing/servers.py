"""Model servers on loopback that answer by script: OpenAI-compatible chat, and pictures."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from gems_graph.testing.doubles import DEFAULTS, paint, planned, task_of


@dataclass(frozen=True)
class Fault:
    """An answer that is an HTTP error, or with status 0 a connection cut without a word."""

    status: int
    body: str = '{"error": {"message": "scripted fault"}}'
    headers: Mapping[str, str] = field(default_factory=dict)


class _Server:
    """A threaded HTTP server on a free loopback port; a context manager."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"owner": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Any:
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def note(self, request: dict[str, Any]) -> int:
        """Remember a request and return how many of its kind came before."""
        with self._lock:
            self.requests.append(request)
            return len([r for r in self.requests if r["kind"] == request["kind"]]) - 1

    def answer(self, path: str, headers: Message, body: bytes) -> tuple[str, bytes] | Fault:
        """Return media type and bytes, or a fault."""
        raise NotImplementedError


class ChatServer(_Server):
    """`POST /chat/completions` as OpenAI-compatible servers do it.

    Args:
        script: answers by task, as for `ScriptedChat`; a `Fault` is sent as such.
        reasoning: what is sent as reasoning beside each answer, if anything.
        reasoning_field: `reasoning_content` (SGLang, Kimi) or `reasoning` (vLLM, Ollama).
        delays: seconds by task from request to answer; `""` for all others.
    """

    def __init__(
        self,
        script: Mapping[str, Any] | None = None,
        *,
        reasoning: str | None = None,
        reasoning_field: str = "reasoning_content",
        delays: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__()
        self.script = {**DEFAULTS, **(script or {})}
        self._extra = {reasoning_field: reasoning} if reasoning else {}
        self._delays = delays or {}

    def answer(self, path: str, headers: Message, body: bytes) -> tuple[str, bytes] | Fault:
        """Answer one chat completion by script."""
        started = time.monotonic()
        request = json.loads(body)
        prompt = _text(request["messages"][0]["content"])
        task = task_of(prompt)
        key = headers.get("Authorization", "")
        turn = self.note({"kind": task, "path": path, "key": key, "prompt": prompt, **request})
        reply = planned(self.script[task], turn, prompt)
        _sleep_until(started + self._delays.get(task, self._delays.get("", 0)))
        if isinstance(reply, Fault):
            return reply
        text = reply if isinstance(reply, str) else json.dumps(reply, ensure_ascii=False)
        message = {"role": "assistant", "content": text, **self._extra}
        answer = {
            "id": "scripted", "object": "chat.completion", "created": 0, "model": request["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }  # fmt: skip
        return "application/json", json.dumps(answer).encode()


class ImageServer(_Server):
    """`POST /?prompt=...` with the bytes of a picture back, as existing GEMS servers do it.

    Args:
        script: in turn, bytes to send or a `Fault`; None, or no more script: paint.
        delay: seconds from request to answer.
        size: width and height in pixels of painted pictures.
    """

    def __init__(
        self,
        script: Sequence[bytes | Fault | None] = (),
        *,
        delay: float = 0,
        size: tuple[int, int] = (64, 64),
    ) -> None:
        super().__init__()
        self.script, self._delay, self._size = script, delay, size

    def answer(self, path: str, headers: Message, body: bytes) -> tuple[str, bytes] | Fault:
        """Paint one picture, or follow the script."""
        started = time.monotonic()
        query = {key: values[0] for key, values in parse_qs(urlsplit(path).query).items()}
        turn = self.note({"kind": "image", "path": path, **query})
        reply = self.script[turn] if turn < len(self.script) else None
        if reply is None:
            reply = paint(query["prompt"], int(query.get("seed", 0)), self._size)
        _sleep_until(started + self._delay)
        return reply if isinstance(reply, Fault) else ("image/png", reply)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: ClassVar[_Server]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        reply = self.owner.answer(self.path, self.headers, body)
        if isinstance(reply, tuple):
            self._send(200, reply[1], {"Content-Type": reply[0]})
        elif reply.status:
            self._send(reply.status, reply.body.encode(), reply.headers)
        else:
            self.close_connection = True
            self.connection.close()

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(block.get("text", "[picture]") for block in content)
