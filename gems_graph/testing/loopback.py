"""A loopback HTTP server that answers by script, with faults, delays and hung connections."""

from __future__ import annotations

import select
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from gems_graph.testing.faults import Body, Fault, Flaky, Hang


class LoopbackServer:
    """A threaded HTTP server on a free loopback port; a context manager.

    `requests` holds what was asked, `most_at_once` how many requests were under way at the same
    time at most; `hanging` is set once a `Hang` began, `hung_up` once a client left unanswered.
    """

    def __init__(self, flaky: Flaky | None) -> None:
        self.requests: list[dict[str, Any]] = []
        self.most_at_once = 0
        self.hanging, self.hung_up = threading.Event(), threading.Event()
        self._flaky, self._under_way = flaky, 0
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

    def listing(self, path: str) -> Fault | Body:
        """Return what to send for a GET: nothing is there."""
        return Fault(404)

    def under_way(self, change: int) -> None:
        """Count requests as they come and go."""
        with self._lock:
            self._under_way += change
            self.most_at_once = max(self.most_at_once, self._under_way)

    def _reply(self, path: str, headers: Message, body: bytes) -> tuple[Fault | Hang | Body, float]:
        raise AssertionError  # each server has its own

    def _note(self, request: dict[str, Any]) -> int:
        """Remember a request and return how many of its kind came before."""
        with self._lock:
            self.requests.append(request)
            self._turns[request["kind"]] += 1
            return self._turns[request["kind"]] - 1


class _Threaded(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):  # clients leave when they like
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each answer would wait 40 ms for an acknowledgement
    owner: ClassVar[LoopbackServer]

    def do_GET(self) -> None:
        self._deliver(self.owner.listing(self.path))

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
        while (remaining := end - time.monotonic()) > 0:
            ready, _, _ = select.select([self.connection], [], [], min(remaining, 60))
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
