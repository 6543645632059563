"""Servers that draw, strict to the letter of their published schemas: an unknown field is a 400."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from email import message_from_bytes
from email.message import Message
from typing import Any

from gems_graph.generators.protocol import Generator
from gems_graph.generators.request import GenerateRequest, Picture
from gems_graph.testing import Fault, Flaky, Hang, paint
from gems_graph.testing.faults import Body
from gems_graph.testing.loopback import LoopbackServer

Check = Callable[[Any], bool]


def whole(low: int, high: int) -> Check:
    return lambda v: isinstance(v, int) and not isinstance(v, bool) and low <= v <= high


def number(low: float, high: float) -> Check:
    return lambda v: isinstance(v, int | float) and not isinstance(v, bool) and low <= v <= high


def one_of(*values: Any) -> Check:
    return lambda v: v in values


def text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def pixels(value: Any) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"\d{2,4}x\d{2,4}|auto", value))


def link(value: Any) -> bool:
    return value.keys() == {"type", "url"} and value["url"].startswith("data:image/")


_OPENAI: dict[str, Check] = {
    "prompt": text, "model": text, "n": whole(1, 10), "size": pixels, "user": text,
    "quality": one_of("auto", "low", "medium", "high"), "background": text,
    "output_format": one_of("png", "jpeg", "webp"), "moderation": one_of("auto", "low"),
    "output_compression": whole(0, 100), "stream": one_of(False),
}  # fmt: skip
_VLLM: dict[str, Check] = {
    "prompt": text, "model": text, "n": whole(1, 10), "size": pixels, "output_format": text,
    "negative_prompt": text, "num_inference_steps": whole(1, 200), "seed": whole(0, 2**63),
    "guidance_scale": number(0, 20), "true_cfg_scale": number(0, 20), "flow_shift": number(0, 20),
}  # fmt: skip
_NOISE = {"generator_device": one_of("cpu", "cuda")}
_XAI_RATIOS = ["1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "2:1", "1:2", "20:9", "9:20"]
_XAI: dict[str, Check] = {
    "prompt": text, "model": text, "n": whole(1, 10), "response_format": one_of("url", "b64_json"),
    "aspect_ratio": one_of(*_XAI_RATIOS, "19.5:9", "9:19.5", "auto"), "user": text,
    "resolution": one_of("1k", "2k"),
}  # fmt: skip
_LINKS = one_of("url", "b64_json")
GENERATIONS: dict[str, dict[str, Check]] = {
    "openai": _OPENAI,
    "vllm-omni": {**_VLLM, **_NOISE, "response_format": one_of("b64_json", "file")},
    "sglang": {
        **_VLLM, **_NOISE, "response_format": _LINKS, "width": whole(16, 4096),
        "height": whole(16, 4096), "max_sequence_length": whole(1, 4096),
    },
    "localai": {
        "prompt": text, "model": text, "n": whole(1, 10), "size": pixels, "step": whole(1, 1000),
        "mode": whole(0, 10), "response_format": _LINKS,
    },
    "together": {
        "prompt": text, "model": text, "n": whole(1, 4), "width": whole(64, 4096),
        "height": whole(64, 4096), "seed": whole(0, 2**63), "steps": whole(1, 100),
        "guidance_scale": number(0, 20), "negative_prompt": text,
        "response_format": one_of("base64", "url"),
    },
    "deepinfra": {
        "prompt": text, "model": text, "n": whole(1, 4), "size": pixels, "user": text,
        "response_format": one_of("b64_json"),
    },
    "xai": _XAI,
}  # fmt: skip
EDITS: dict[str, dict[str, Check]] = {
    "openai": _OPENAI,
    "vllm-omni": _VLLM,
    "sglang": {**_VLLM, "response_format": _LINKS},
    "deepinfra": {"prompt": text, "model": text, "n": whole(1, 4), "size": pixels},
    "xai": {**_XAI, "image": link, "images": lambda v: len(v) in (2, 3) and all(map(link, v))},
}
FILES = {"openai": "image[]", "vllm-omni": "image", "sglang": "image", "deepinfra": "image"}
BASE64_UNASKED = {"openai", "vllm-omni", "deepinfra", "localai"}
"""Those that send base64 whatever is asked for; the others send a link unless it is."""


class PictureServer(LoopbackServer):
    """`/v1/images/generations`, `/v1/images/edits` and `/v1/models` as one dialect has them.

    Args:
        dialect: whose schema a request must keep.
        script: in turn: a `Fault`, a `Hang`, bytes to send, a JSON answer; None, or no more: paint.
        owner: who owns the models that it lists; empty: it lists none.
        key: that it asks for; empty: it must be sent none.
        delay: seconds from request to answer.
        flaky: strikes requests at random.
    """

    def __init__(
        self,
        dialect: str,
        script: Sequence[Any] = (),
        *,
        owner: str = "",
        key: str = "",
        delay: float = 0,
        flaky: Flaky | None = None,
    ) -> None:
        super().__init__(flaky)
        self.dialect, self.script, self._owner, self._key = dialect, script, owner, key
        self._delay, self.listed = delay, 0
        self.url += "/v1"

    def listing(self, path: str) -> Fault | Body:
        self.listed += 1
        if path != "/v1/models" or not self._owner:
            return Fault(404)
        models = {"object": "list", "data": [{"id": "m", "owned_by": self._owner}]}
        return "application/json", json.dumps(models).encode()

    def _reply(self, path: str, headers: Message, body: bytes) -> tuple[Fault | Hang | Body, float]:
        if headers.get("Authorization", "") != (f"Bearer {self._key}" if self._key else ""):
            return refused("Incorrect API key provided", 401), 0
        fields, files = fields_in(headers, body)
        turn = self._note({"kind": "image", "path": path, "files": files, **fields})
        if wrong := self._wrong(path, fields, files):
            return refused(wrong), 0
        planned = self.script[turn] if turn < len(self.script) else None
        if isinstance(planned, Fault | Hang):
            return planned, self._delay
        if planned is None:
            planned = self._drawn(fields, "edits" in path)
        data = planned if isinstance(planned, bytes) else json.dumps(planned).encode()
        return ("application/json", data), self._delay

    def _wrong(self, path: str, fields: Mapping[str, Any], files: Sequence[Any]) -> str:
        """Return what a request breaks; empty: nothing."""
        edit = path == "/v1/images/edits"
        schemas = EDITS if edit else GENERATIONS
        if not (edit or path == "/v1/images/generations") or self.dialect not in schemas:
            return f"no such route {path}"
        schema = schemas[self.dialect]
        for name, value in fields.items():
            if name not in schema:
                return f"Unknown parameter: {name!r}."
            if not schema[name](value):
                return f"Invalid value for {name!r}: {value!r}."
        if not {"prompt", "model"} <= fields.keys():
            return "prompt and model are required"
        if edit and self.dialect in FILES:
            known = all(name == FILES[self.dialect] for name, _, _ in files)
            if not (files and known and all(kind.startswith("image/") for _, kind, _ in files)):
                return "no picture to edit"
        return ""

    def _drawn(self, fields: Mapping[str, Any], edit: bool) -> dict[str, Any]:
        width, height = size_in(fields)
        seed = int(fields.get("seed", 0))
        data = []
        for n in range(int(fields.get("n", 1))):
            picture = base64.b64encode(paint(fields["prompt"], seed + n, (width, height))).decode()
            inline = (
                self.dialect in BASE64_UNASKED
                or (edit and self.dialect == "sglang")
                or fields.get("response_format") in ("b64_json", "base64")
            )
            data.append({"b64_json": picture} if inline else {"url": f"{self.url}/{n}.png"})
        return {"created": 1, "data": data}


def size_in(fields: Mapping[str, Any]) -> tuple[int, int]:
    """Return the size that a request asks for, in pixels: 64 of them where it leaves that open."""
    if ratio := fields.get("aspect_ratio"):
        return shaped(ratio)
    given = fields.get("size") or f"{fields.get('width', 64)}x{fields.get('height', 64)}"
    width, height = map(int, given.split("x"))
    return width, height


def shaped(ratio: str) -> tuple[int, int]:
    """Return a size of a ratio, 64 pixels high."""
    width, height = map(float, ratio.split(":"))
    return round(64 * width / height), 64


def refused(message: str, status: int = 400, code: str = "invalid_request") -> Fault:
    return Fault(status, json.dumps({"error": {"message": message, "code": code}}))


def fields_in(headers: Message, body: bytes) -> tuple[dict[str, Any], list[tuple[str, str, bytes]]]:
    """Return the fields of a request, from JSON or from a form, and its files."""
    kind = headers.get("Content-Type", "")
    if kind.startswith("application/json"):
        return json.loads(body), []
    form = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
    fields: dict[str, Any] = {}
    files: list[tuple[str, str, bytes]] = []
    for part in form.get_payload():
        assert isinstance(part, Message)
        name = str(part.get_param("name", header="content-disposition"))
        data = part.get_payload(decode=True)
        assert isinstance(data, bytes)
        if part.get_filename():
            files.append((name, part.get_content_type(), data))
        else:
            fields[name] = _value(data.decode())
    return fields, files


def _value(text: str) -> Any:
    """Return a field of a form as its schema has it: whole numbers and numbers come as text."""
    try:
        return json.loads(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else text
    except ValueError:
        return text


def drawn(generator: Generator, request: GenerateRequest) -> list[Picture]:
    """Return what a generator draws; it is closed afterwards."""

    async def once() -> list[Picture]:
        try:
            return await generator.generate(request)
        finally:
            await generator.aclose()

    return asyncio.run(once())
