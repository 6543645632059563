"""Where a picture can be fetched: put into what leaves the graph, never into its checkpoints."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import is_dataclass, replace
from typing import Any

from langchain_core.messages import BaseMessage

PICTURES = "/gems/images/"
"""The path under which pictures are served, before their SHA-256."""
_LINK = re.compile(rf"\((?={PICTURES}[0-9a-f]{{64}}\))")
"""Before a link of ours in Markdown that names no host."""


def path_of(sha256: str) -> str:
    """Return the path of a picture; what leaves the graph has the host before it."""
    return PICTURES + sha256


def host_of(config: Mapping[str, Any] | None) -> str:
    """Return where a client reaches this server, as `https://HOST`; empty: nobody knows.

    That is `GEMS_URL`, else what the request says: the server hands its headers on in the config,
    if they are listed under `configurable_headers` (langgraph.json).
    """
    if url := os.environ.get("GEMS_URL"):
        return url.rstrip("/")
    headers = (config or {}).get("configurable") or {}
    host = headers.get("x-forwarded-host") or headers.get("host")
    protocol = headers.get("x-forwarded-proto") or "http"
    first = f"{protocol}".partition(",")[0].strip(), f"{host or ''}".partition(",")[0].strip()
    return "://".join(first) if first[1] else ""


def linked(value: Any, host: str) -> Any:
    """Return a value with a `url` in each reference to a picture, and the host in each link.

    It may hold JSON, messages, and what LangGraph wraps them in: interrupts, tasks, snapshots.
    """
    if isinstance(value, str):
        return _LINK.sub(f"({host}", value) if PICTURES in value else value
    if isinstance(value, Mapping):
        inner = {key: linked(each, host) for key, each in value.items()}
        if {"sha256", "media_type", "width", "height"} <= inner.keys():
            return {**inner, "url": host + path_of(inner["sha256"])}
        return inner
    if isinstance(value, BaseMessage):
        return value.model_copy(update={"content": linked(value.content, host)})
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(linked(each, host) for each in value))
    if isinstance(value, list | tuple):
        return type(value)(linked(each, host) for each in value)
    if is_dataclass(value) and not isinstance(value, type) and hasattr(value, "value"):
        return replace(value, value=linked(value.value, host))
    return value
