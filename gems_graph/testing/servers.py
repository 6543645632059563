"""Model servers on loopback that answer by script: OpenAI-compatible chat, and pictures."""

from __future__ import annotations

import hashlib
import json
import select
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from gems_graph.testing.doubles import DEFAULTS, paint, planned, task_of
from gems_graph.testing.faults import Body, Fault, Flaky, Hang


class _Server:
    """A threaded HTTP server on a free loopback port; a context manager.

    `requests` holds what was asked, `most_at_once` how many requests were under way at the same
    time at most; `hanging` is set once a `Hang` began, `hung_up` once a client left unanswered.
    """

    def __init__(self, flaky: Flaky | None) -> None:
        self.requests: list[dict[str, Any]] = []
        self.most_at_once = 0
        self.hanging, self.hung_up = threading.Event(), threading.Event()
        self._flaky, self._now = flaky, 0
        self._turns: Counter[str] = Counter()
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"owner": self})
        self._http = _Threaded(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Any:
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def answer(self, path: str, headers: Message, body: bytes) -> tuple[Fault | Hang | Body, float]:
        """Return what to send, and the seconds to take for it."""
        fault = self._flaky.strike(path.encode() + body) if self._flaky else None
        if fault is not None:
            self._note({"kind": "struck", "path": path})
            return fault, 0
        return self._reply(path, headers, body)

    def under_way(self, change: int) -> None:
        """Count requests as they come and go."""
        with self._lock:
            self._now += change
            self.most_at_once = max(self.most_at_once, self._now)

    def _reply(self, path: str, headers: Message, body: bytes) -> tuple[Fault | Hang | Body, float]:
        raise AssertionError  # each server has its own

    def _note(self, request: dict[str, Any]) -> int:
        """Remember a request and return how many of its kind came before."""
        with self._lock:
            self.requests.append(request)
            self._turns[request["kind"]] += 1
            return self._turns[request["kind"]] - 1


class ChatServer(_Server):
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


class ImageServer(_Server):
    """`POST /?prompt=...` with the bytes of a picture back, as existing GEMS servers do it.

    Args:
        script: in turn, bytes to send, a `Fault` or a `Hang`; None, or no more: paint.
        delay: seconds from request to answer.
        size: width and height in pixels of painted pictures.
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
            reply = paint(query["prompt"], int(query.get("seed", 0)), self._size)
        return (("image/png", reply) if isinstance(reply, bytes) else reply), self._delay


class _Threaded(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):  # clients leave when they like
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each answer would wait 40 ms for an acknowledgement
    owner: ClassVar[_Server]

    def do_POST(self) -> None:
        started = time.monotonic()
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        if len(body) < length:  # the client died in the middle of its request
            self.close_connection = True
            return
        self.owner.under_way(1)
        try:
            reply, delay = self.owner.answer(self.path, self.headers, body)
            end = started + delay
            if isinstance(reply, Hang):
                self.owner.hanging.set()
                end = float("inf")
            if self._client_stays_until(end):
                self._deliver(reply)
        finally:
            self.owner.under_way(-1)

    def _client_stays_until(self, end: float) -> bool:
        while (left := end - time.monotonic()) > 0:
            ready, _, _ = select.select([self.connection], [], [], min(left, 60))
            if ready and not self.connection.recv(1, socket.MSG_PEEK):
                self.owner.hung_up.set()
                self.close_connection = True
                return False
        return True

    def _deliver(self, reply: Fault | Hang | Body) -> None:
        if isinstance(reply, Fault) and reply.status:
            self._send(reply.status, reply.body.encode(), reply.headers)
        elif isinstance(reply, tuple) and len(reply) == 2:
            self._send(200, reply[1], {"Content-Type": reply[0]})
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


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(block.get("text") or _picture(block) for block in content)


def _picture(block: Mapping[str, Any]) -> str:
    """Return what a script sees of a picture: the same for the same bytes."""
    url = str(block.get("image_url", {}).get("url"))
    return f"[picture {hashlib.sha256(url.encode()).hexdigest()[:8]}]"
