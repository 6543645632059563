"""How servers of OpenAI's image interface differ: the names of fields, and what they can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from gems_graph.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """What a server calls the parts of a request; an empty name: it has no such field.

    Attributes:
        name: as the option `dialect` has it.
        url: its provider's base address; empty: a server of your own.
        always: fields of every request.
        shape: how it is told the shape of a picture.
        ratios: those that it knows, where it is told a ratio or knows few sizes.
        seed, steps: names of fields.
        guidance: names of the field for guidance; a second one goes with a negative prompt.
        negative: name of the field; "|": behind a bar in the prompt.
        most: pictures of one request.
        edits: how pictures are sent to `images/edits`: as files of this name, or in JSON.
        references: pictures that it takes at most.
    """

    name: str
    url: str = ""
    always: Mapping[str, Any] = field(default_factory=dict)
    shape: Literal["size", "width and height", "aspect_ratio"] = "size"
    ratios: Mapping[str, str] = field(default_factory=dict)
    seed: str = ""
    steps: str = ""
    guidance: tuple[str, ...] = ()
    negative: str = ""
    most: int = 10
    edits: Literal["", "image", "image[]", "json"] = ""
    references: int = 0


_BASE64 = {"response_format": "b64_json"}
_DIFFUSION: dict[str, Any] = {
    # noise of the processor: a seed means the same on every card
    "always": {**_BASE64, "generator_device": "cpu"},
    "seed": "seed", "steps": "num_inference_steps", "negative": "negative_prompt",
    "guidance": ("guidance_scale", "true_cfg_scale"), "edits": "image", "references": 4,
}  # fmt: skip
_XAI_RATIOS = [
    "1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "2:1", "1:2", "20:9", "9:20", "19.5:9",
    "9:19.5",
]  # fmt: skip
DIALECTS = {
    dialect.name: dialect
    for dialect in (
        Dialect(
            name="openai",
            url="https://api.openai.com/v1",
            ratios={"1:1": "1024x1024", "3:2": "1536x1024", "2:3": "1024x1536"},
            edits="image[]",
            references=16,
        ),
        Dialect(name="vllm-omni", **_DIFFUSION),
        Dialect(name="sglang", **_DIFFUSION),
        Dialect(name="localai", always=_BASE64, steps="step", negative="|"),
        Dialect(
            name="together",
            url="https://api.together.xyz/v1",
            always={"response_format": "base64"},
            shape="width and height",
            seed="seed",
            steps="steps",
            guidance=("guidance_scale",),
            negative="negative_prompt",
            most=4,
        ),
        Dialect(
            name="deepinfra",
            url="https://api.deepinfra.com/v1/openai",
            always=_BASE64,
            most=4,
            edits="image",
            references=1,
        ),
        Dialect(
            name="xai",
            url="https://api.x.ai/v1",
            always=_BASE64,
            shape="aspect_ratio",
            ratios={ratio: ratio for ratio in _XAI_RATIOS},
            edits="json",
            references=3,
        ),
    )
}
UNKNOWN = Dialect(name="openai", always=_BASE64, edits="image", references=1)
"""A server that does not say what it is; most know `response_format`, and draw a link without."""
_HOSTS = {urlsplit(d.url).hostname: name for name, d in DIALECTS.items() if d.url}
_HOSTS["api.together.ai"] = "together"
_OWNERS = {
    "vllm": "vllm-omni", "vllm-omni": "vllm-omni", "sglang": "sglang", "localai": "localai",
    "openai": "openai", "system": "openai", "xai": "xai", "deepinfra": "deepinfra",
}  # fmt: skip


def named(name: str) -> Dialect:
    """Return a dialect by name.

    Raises:
        ConfigError: there is no such dialect.
    """
    if name not in DIALECTS:
        msg = f"There is no dialect {name!r}; there are {', '.join(DIALECTS)}."
        raise ConfigError(msg)
    return DIALECTS[name]


def of_host(url: str) -> Dialect | None:
    """Return the dialect of a provider's address; None: nobody's whom we know."""
    name = _HOSTS.get(urlsplit(url).hostname)
    return DIALECTS[name] if name else None


def of_models(models: Any) -> Dialect | None:
    """Return the dialect of a server by what it answers to `GET models`; None: that says nothing.

    The engines name themselves as `owned_by` of what they serve.
    """
    listed = models.get("data") if isinstance(models, Mapping) else None
    for model in listed if isinstance(listed, list) else []:
        owner = str(model.get("owned_by", "")).lower() if isinstance(model, Mapping) else ""
        if owner in _OWNERS:
            return DIALECTS[_OWNERS[owner]]
    return None
