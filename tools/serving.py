"""Model servers in a process of their own: a fixed delay, so many slots, next to no work.

As a model behind vLLM, a server answers so many requests at the same time, each after the same
seconds, and lets the others wait. What it says follows from the request alone, and every request
of a run is another one, so that one that comes twice has been paid twice.
"""

from __future__ import annotations

import hashlib
import heapq
import re
import struct
import time
import zlib
from email.message import Message
from multiprocessing import get_context
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from gems_graph.testing import ChatServer, ImageServer
from gems_graph.testing.faults import Body, Fault, Hang
from tools.photographs import photograph

CRITERIA, PASSES = 5, 0.3
"""Probes a picture, and the share of pictures that pass them all: 2.8 pictures a prompt on average,
as many as the paper reports for GenEval2."""
_POOL = 8  # pictures to choose from


class Served(NamedTuple):
    """One request: what it was, told apart by `key`; when it came and a slot worked on it (s)."""

    kind: str
    key: str
    came: float
    begin: float
    end: float


class Slots:
    """So many requests at the same time, each for the same seconds; the others wait their turn."""

    def __init__(self, count: int, seconds: float) -> None:
        self.count, self.seconds = count, seconds
        self.clear()

    def clear(self) -> None:
        """Forget who waits: those who asked are gone."""
        self._free = [0.0] * self.count

    def take(self, now: float) -> tuple[float, float]:
        """Return when the next request begins and ends."""
        begin = max(now, heapq.heappop(self._free))
        heapq.heappush(self._free, begin + self.seconds)
        return begin, begin + self.seconds


class _Slotted:
    """What both servers share: they note what they were asked, and let it wait."""

    def _serve(self, slots: Slots) -> None:
        self.slots, self.served = slots, list[Served]()

    def answer(self, path: str, headers: Message, body: bytes) -> tuple[Fault | Hang | Body, float]:
        reply, _ = super().answer(path, headers, body)  # type: ignore[misc]
        key = hashlib.sha256(path.encode() + body).hexdigest()
        task = re.search(rb"<task>([a-z-]+)</task>", body)
        kind = task[1].decode() if task else "image"
        with self._lock:  # type: ignore[attr-defined]
            now = time.monotonic()
            begin, end = self.slots.take(now)
            self.served.append(Served(kind, key, now, begin, end))
        return reply, end - now

    def _note(self, request: dict[str, Any]) -> int:
        """Keep no request: they hold pictures."""
        return 0


class Chat(_Slotted, ChatServer):
    """An OpenAI-compatible server whose verdicts follow from picture and criterion."""

    def __init__(self, slots: Slots) -> None:
        super().__init__(SCRIPT)
        self._serve(slots)


class Images(_Slotted, ImageServer):
    """Hands out ready-made pictures of 1024 x 1024, another one for every request."""

    def __init__(self, slots: Slots, side: int) -> None:
        super().__init__()
        self._serve(slots)
        self._pool = [photograph(n, side) for n in range(_POOL)]

    def _reply(self, path: str, headers: Message, body: bytes) -> tuple[Body, float]:
        query = {key: values[0] for key, values in parse_qs(urlsplit(path).query).items()}
        seed = int(query["seed"])  # one more each round: no two of a prompt look the same
        name = _digest(f"{query['prompt']}|{seed}")
        return ("image/png", _named(self._pool[seed % _POOL], name)), 0


def _named(picture: bytes, name: str) -> bytes:
    """Return a PNG with a text in it, so that no two are the same."""
    data = b"tEXtComment\0" + name.encode()
    chunk = struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))
    return picture[:-12] + chunk + picture[-12:]  # before IEND


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _criteria(prompt: str) -> dict[str, Any]:
    wish = " ".join(re.sub(r"<[^>]*>", " ", prompt[prompt.rfind("<user_prompt>") :]).split())
    return {"criteria": [f"Is part {n} of this there: {wish[:200]}" for n in range(CRITERIA)]}


def _verdict(prompt: str) -> dict[str, Any]:
    last = f"Is part {CRITERIA - 1} of this" in prompt
    fails = last and int(_digest(prompt), 16) % 1000 >= 1000 * PASSES
    return {"evidence": "a picture of the usual kind", "answer": "no" if fails else "yes"}


SCRIPT = {
    "decompose": _criteria,
    "verify": _verdict,
    "refine": lambda prompt: {"rationale": "say where", "prompt": f"a wish, {_digest(prompt)}"},
}


class Told(NamedTuple):
    """What both servers served, and the CPU seconds that their process took."""

    chat: list[Served]
    images: list[Served]
    cpu: float


class Servers:
    """Both servers in a process of their own; a context manager.

    Args:
        chat: slots and seconds a request.
        images: the same.
        side: of a picture, in pixels.
    """

    def __init__(self, chat: tuple[int, float], images: tuple[int, float], side: int) -> None:
        context = get_context("spawn")
        self._here, there = context.Pipe()
        self._process = context.Process(target=_run, args=(there, chat, images, side), daemon=True)

    def __enter__(self) -> Servers:
        self._process.start()
        self.chat_url, self.image_url = self._here.recv()
        return self

    def __exit__(self, *exc: object) -> None:
        self._here.send("end")
        self._process.join()

    def told(self) -> Told:
        """Return what was served so far."""
        told: Told = self._ask("told")
        return told

    def clear(self) -> None:
        """Let nobody wait any longer: whoever asked was killed."""
        self._ask("clear")

    def _ask(self, word: str) -> Any:
        self._here.send(word)
        return self._here.recv()


def _run(pipe: Any, chat: tuple[int, float], images: tuple[int, float], side: int) -> None:
    with Chat(Slots(*chat)) as talker, Images(Slots(*images), side) as painter:
        pipe.send((f"{talker.url}/v1", f"http:{painter.url}"))
        started = time.process_time()
        while (word := pipe.recv()) != "end":
            if word == "clear":
                talker.slots.clear()
                painter.slots.clear()
            taken = time.process_time() - started
            pipe.send(Told([*talker.served], [*painter.served], taken) if word == "told" else None)
