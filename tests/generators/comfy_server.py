"""A ComfyUI server on loopback, real HTTP and WebSocket, strict to what it documents.

Jobs run one after the other in a thread of their own; equal workflows come from its cache, without
a step told.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from email.message import Message
from socket import SHUT_RDWR
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from gems_graph.testing import Fault, Flaky, Hang, paint
from gems_graph.testing.faults import Body
from gems_graph.testing.loopback import LoopbackServer, _Handler
from tests.generators.comfy_nodes import OUTPUTS, refusal_of
from tests.generators.strict import fields_in

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Fails(NamedTuple):
    """A node of a job that fails."""

    type: str
    message: str
    node: str = "8"


class Job(NamedTuple):
    """An entry of the queue."""

    number: int
    id: str
    graph: dict[str, Any]
    client: str


class ComfyDouble(LoopbackServer):
    """What `/prompt`, `/queue`, `/history`, `/view`, `/upload/image` and `/ws` do.

    Args:
        script: for each job in turn: how it `Fails`, `interrupted`, `deaf` (all sockets are cut),
            `lost` (the server forgets all it knew); None, or no more: it is drawn.
        modern: it knows `/api/jobs/ID/cancel`.
        sockets: it takes WebSockets.
        key: that it asks for; empty: it must be sent none.
        flaky: strikes POST requests at random.
    """

    def __init__(
        self, script: Sequence[Any] = (), *, modern: bool = True, sockets: bool = True,
        key: str = "", flaky: Flaky | None = None,
    ) -> None:  # fmt: skip
        super().__init__(flaky)
        self._http.RequestHandlerClass = type("Handler", (_Comfy,), {"owner": self})
        self._script, self.modern, self.takes_sockets, self.key = script, modern, sockets, key
        self.go, self.begun = threading.Event(), threading.Event()
        self.go.set()
        self.halves = 0
        """Pictures that are cut in the middle when they are fetched."""
        self.faults: dict[str, list[Fault | Hang]] = {}
        """Answers to the next GET requests of a path."""
        self._change = threading.Condition(threading.RLock())
        self.reset()
        self.submitted: list[str] = []
        self.interrupts: list[Any] = []
        self.clients: list[str] = []
        self.paths: list[str] = []
        self.uploads: dict[str, bytes] = {}
        self.ran: list[str] = []
        self._stopped = self.dead = False

    def reset(self) -> None:
        """Forget everything, as a server that is started anew."""
        with self._change:
            self.queue: list[Job] = []
            self.running: Job | None = None
            self.history: dict[str, Any] = {}
            self.cache: dict[str, Any] = {}
            self.files: dict[str, bytes] = {}
            self.interrupted = False
            self._sockets: dict[str, Any] = getattr(self, "_sockets", {})

    def __enter__(self) -> Any:
        threading.Thread(target=self._work, daemon=True).start()
        return super().__enter__()

    def __exit__(self, *exc: object) -> None:
        with self._change:
            self._stopped = True
            self._change.notify_all()
        self.go.set()
        self.cut()
        super().__exit__(*exc)

    def somebody_queues(self, graph: dict[str, Any]) -> str:
        """Queue a job of another user."""
        with self._change:
            job = Job(len(self.ran), str(uuid.uuid4()), graph, "another")
            self.queue.append(job)
            self._change.notify_all()
        return job.id

    def cut(self) -> None:
        """Cut all sockets without a word."""
        for socket in [*self._sockets.values()]:
            socket.cut()

    def die(self) -> None:
        """Answer nobody any more, not even those who are connected."""
        self.dead = True
        self.cut()

    # --- what it does with jobs

    def _work(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self.queue or self._stopped)
                if self._stopped:
                    return
                self.running = job = self.queue.pop(0)
                self.interrupted = False
                turn = len(self.ran)
                self.ran.append(job.id)
            self._run(job, self._script[turn] if turn < len(self._script) else None)

    def _run(self, job: Job, plan: Any) -> None:
        self._tell(job, "execution_start", {})
        key = json.dumps(job.graph, sort_keys=True)
        if key not in self.cache:
            self.begun.set()
            plan = self._step(job, plan)
        if plan == "lost":
            self.cut()
            self.reset()
            return
        with self._change:
            if self.running is not job:
                return
            self.running = None
            messages, outputs = self._outcome(job, plan, key)
            status = {
                "status_str": "success" if outputs else "error", "completed": bool(outputs),
                "messages": messages,
            }  # fmt: skip
            entry = [job.number, job.id, job.graph, {"client_id": job.client}, []]
            self.history[job.id] = {"prompt": entry, "outputs": outputs, "status": status}
        self._tell(job, "executing", {"node": None})

    def _step(self, job: Job, plan: Any) -> Any:
        """Tell the steps of a job; return how it ends."""
        samplers = [i for i, node in job.graph.items() if node["class_type"] == "KSampler"]
        for id_ in samplers:
            steps = job.graph[id_]["inputs"]["steps"]
            self._tell(job, "executing", {"node": id_})
            for done in range(1, steps + 1):
                if done == 2 and plan == "deaf":
                    self.cut()
                self.go.wait()
                if self.interrupted or self._stopped:
                    return "interrupted"
                self._tell(job, "progress", {"value": done, "max": steps, "node": id_})
        self._tell(job, "progress", {"value": 1, "max": 4, "node": "elsewhere"})
        return plan

    def _outcome(self, job: Job, plan: Any, key: str) -> tuple[list[Any], dict[str, Any]]:
        data: dict[str, Any] = {"prompt_id": job.id, "timestamp": 1}
        if plan == "interrupted":
            return [["execution_start", data], ["execution_interrupted", data]], {}
        if isinstance(plan, Fails):
            said = {
                **data, "node_id": plan.node, "node_type": "KSampler", "traceback": ["..."],
                "exception_type": plan.type, "exception_message": plan.message,
            }  # fmt: skip
            return [["execution_start", data], ["execution_error", said]], {}
        if key not in self.cache:
            self.cache[key] = self._draw(job.graph)
        return [["execution_start", data], ["execution_success", data]], self.cache[key]

    def _draw(self, graph: dict[str, Any]) -> dict[str, Any]:
        outputs = {}
        for id_, node in graph.items():
            if node["class_type"] in OUTPUTS:
                kind = "output" if node["class_type"] == "SaveImage" else "temp"
                prefix = node["inputs"].get("filename_prefix", "ComfyUI")
                folder, _, stem = prefix.rpartition("/")
                name = f"{stem}_{len(self.files) + 1:05}_.png"
                self.files[f"{kind}/{folder}/{name}"] = painted(graph, id_, self.uploads)
                file = {"filename": name, "subfolder": folder, "type": kind}
                outputs[id_] = {"images": [file]}
        return outputs

    def _tell(self, job: Job, event: str, data: dict[str, Any]) -> None:
        if socket := self._sockets.get(job.client):
            socket.say(json.dumps({"type": event, "data": {**data, "prompt_id": job.id}}))

    # --- what it answers

    def allows(self, headers: Message) -> bool:
        assert headers.get("Origin") is None
        return headers.get("Authorization", "") == (f"Bearer {self.key}" if self.key else "")

    def get(self, path: str) -> Fault | Hang | Body:
        parts = urlsplit(path)
        self.paths.append(parts.path)
        if planned := self.faults.get(parts.path.split("/")[1]):
            return planned.pop(0)
        query = {name: values[0] for name, values in parse_qs(parts.query, True).items()}
        with self._change:
            if parts.path == "/queue":
                running = [self.running] if self.running else []
                return as_json(
                    {"queue_running": entries(running), "queue_pending": entries(self.queue)}
                )
            if match := re.fullmatch(r"/history/(.+)", parts.path):
                found = self.history.get(canonical(match[1]))
                return as_json({match[1]: found} if found else {})
            if parts.path == "/system_stats":
                return as_json({"system": {"comfyui_version": "0.3.77"}, "devices": []})
            if parts.path == "/view" and query.keys() == {"filename", "subfolder", "type"}:
                name = f"{query['type']}/{query['subfolder']}/{query['filename']}"
                return ("image/png", self.files[name]) if name in self.files else Fault(404, "")
        return Fault(404, "404: Not Found")

    def _reply(self, path: str, headers: Message, body: bytes) -> tuple[Fault | Hang | Body, float]:
        if not self.allows(headers):
            return Fault(401, "no key"), 0
        self._note({"kind": path, "path": path})
        if path == "/upload/image":
            return self._upload(headers, body), 0
        with self._change:
            return self._post(path, json.loads(body)), 0

    def _post(self, path: str, body: dict[str, Any]) -> Fault | Body:
        if path == "/prompt":
            return self._queue(body)
        if path == "/queue":
            assert body.keys() == {"delete"}, body
            self.queue = [job for job in self.queue if job.id not in body["delete"]]
            return "text/plain", b""
        if path == "/interrupt":
            self.interrupts.append(body)
            wanted = body.get("prompt_id")
            if wanted is None or (self.running and self.running.id == wanted):
                self.interrupted = True
            return "text/plain", b""
        if self.modern and (match := re.fullmatch(r"/api/jobs/(.+)/cancel", path)):
            id_ = canonical(match[1])
            runs = self.running is not None and self.running.id == id_
            self.interrupted = self.interrupted or runs
            waits = any(job.id == id_ for job in self.queue)
            self.queue = [job for job in self.queue if job.id != id_]
            return as_json({"cancelled": runs or waits})
        return Fault(405, "405: Method Not Allowed")

    def _queue(self, body: dict[str, Any]) -> Fault | Body:
        assert body.keys() == {"prompt", "client_id", "prompt_id"}, body.keys()
        id_, client = canonical(body["prompt_id"]), body["client_id"]
        assert isinstance(client, str)
        if wrong := refusal_of(body["prompt"], self.uploads):
            return Fault(400, json.dumps(wrong))
        self.submitted.append(id_)
        self.queue.append(Job(len(self.submitted), id_, body["prompt"], client))
        self._change.notify_all()
        return as_json({"prompt_id": id_, "number": len(self.submitted), "node_errors": {}})

    def _upload(self, headers: Message, body: bytes) -> Fault | Body:
        fields, files = fields_in(headers, body)
        assert fields == {"type": "input", "subfolder": "gems", "overwrite": "true"}, fields
        [(field, kind, data)] = files
        assert (field, kind) == ("image", "image/png")
        [name] = re.findall(rb'filename="([\w.-]+)"', body)
        self.uploads[f"gems/{name.decode()}"] = data
        return as_json({"name": name.decode(), "subfolder": "gems", "type": "input"})

    def join(self, client: str, socket: _Socket) -> None:
        self.clients.append(client)
        self._sockets[client] = socket
        status = {"status": {"exec_info": {"queue_remaining": 0}}, "sid": client}
        socket.say(json.dumps({"type": "status", "data": status}))

    def leave(self, client: str) -> None:
        self._sockets.pop(client, None)


class _Socket:
    """The server's end of a WebSocket, after the handshake."""

    def __init__(self, handler: _Comfy) -> None:
        self._connection, self._lock = handler.connection, threading.Lock()

    def say(self, text: str) -> None:
        data = text.encode()
        length = bytes([len(data)]) if len(data) < 126 else b"\x7e" + len(data).to_bytes(2, "big")
        self._send(b"\x81" + length + data)
        self._send(b"\x82\x08\x00\x00\x00\x01PREV")  # a preview, as it comes between

    def cut(self) -> None:
        with suppress(OSError):
            self._connection.shutdown(SHUT_RDWR)

    def serve(self, stream: Any) -> None:
        """Read until the client says goodbye, or is gone."""
        while len(head := stream.read(2)) == 2:
            assert head[1] & 0x80, "a client masks what it sends"
            stream.read(4 + (head[1] & 0x7F))
            if head[0] & 0x0F == 8:
                self._send(b"\x88\x00")
                return

    def _send(self, frame: bytes) -> None:
        with self._lock, suppress(OSError):
            self._connection.sendall(frame)


class _Comfy(_Handler):
    owner: Any

    def do_POST(self) -> None:
        if self.owner.dead:
            self._deliver(Fault(0))
        else:
            super().do_POST()

    def do_GET(self) -> None:
        if self.owner.dead:
            self._deliver(Fault(0))
        elif not self.owner.allows(self.headers):
            self._deliver(Fault(401, "no key"))
        elif urlsplit(self.path).path == "/ws":
            self._socket()
        else:
            self._answer(self.owner.get(self.path))

    def _answer(self, reply: Fault | Hang | Body) -> None:
        if isinstance(reply, Hang):
            self.owner.hanging.set()
            self._client_stays_until(float("inf"))
        elif self.owner.halves and self.path.startswith("/view") and isinstance(reply, tuple):
            self.owner.halves -= 1
            self.send_response(200)
            self.send_header("Content-Length", str(len(reply[1])))
            self.end_headers()
            self.wfile.write(reply[1][: len(reply[1]) // 2])
            self.close_connection = True
        else:
            self._deliver(reply)

    def _socket(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        if not self.owner.takes_sockets:
            self._deliver(Fault(403, "no sockets here"))
            return
        assert self.headers["Upgrade"].lower() == "websocket"
        assert self.headers["Sec-WebSocket-Version"] == "13"
        digest = hashlib.sha1((self.headers["Sec-WebSocket-Key"] + _GUID).encode()).digest()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(digest).decode())
        self.end_headers()
        self.close_connection = True
        [client] = query["clientId"]
        socket = _Socket(self)
        self.owner.join(client, socket)
        with suppress(OSError, ValueError):
            socket.serve(self.rfile)
        self.owner.leave(client)


def painted(graph: Mapping[str, Any], output: str, uploads: Mapping[str, bytes]) -> bytes:
    """Return a picture that follows from everything that a workflow says of it."""
    [sampler] = [n["inputs"] for n in graph.values() if n["class_type"] == "KSampler"]
    latent = graph[sampler["latent_image"][0]]["inputs"]
    words = [graph[sampler["positive"][0]]["inputs"]["text"]]
    words += [str(sampler[name]) for name in ("steps", "cfg")]
    words.append(str(graph[sampler["negative"][0]]["inputs"].get("text")))
    for node in graph.values():
        if node["class_type"] == "LoadImage":
            words.append(hashlib.sha256(uploads[node["inputs"]["image"]]).hexdigest())
    size = (latent.get("width", 64), latent.get("height", 64))
    return paint(f"{words} {output}", sampler["seed"], size)


def entries(jobs: Sequence[Job]) -> list[Any]:
    return [[job.number, job.id, job.graph, {"client_id": job.client}, []] for job in jobs]


def canonical(id_: Any) -> str:
    assert isinstance(id_, str)
    assert str(uuid.UUID(id_)) == id_
    return id_


def as_json(value: Any) -> Body:
    return "application/json", json.dumps(value).encode()
