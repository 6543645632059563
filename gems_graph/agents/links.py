"""Where a picture can be fetched: put into what leaves the graph, never into its checkpoints."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from langchain_core.messages import BaseMessage
from langgraph.types import Interrupt, Overwrite

PICTURES = "/gems/images/"
"""The path under which pictures are served, before their SHA-256."""
_LINK = re.compile(rf"(\(|^)(?={PICTURES}[0-9a-f]{{64}}(?:\)|$))")
"""Before a link of ours that names no host: in Markdown, or the whole text."""
Asked = Callable[[dict[str, Any]], dict[str, Any]]


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


def linked(value: Any, host: str, asked: Asked = dict) -> Any:
    """Return a value with a `url` in each reference to a picture, and the host in each link.

    Args:
        value: JSON, messages, and what LangGraph wraps them in: interrupts, tasks, snapshots.
        host: before each path; empty: they stay relative.
        asked: what becomes of the question of a pause, whose picture has its `url` already.
    """

    def inner(value: Any) -> Any:
        return linked(value, host, asked)

    if isinstance(value, str):
        return _LINK.sub(rf"\g<1>{host}", value) if PICTURES in value else value
    if isinstance(value, Mapping):
        return _of_mapping({key: inner(each) for key, each in value.items()}, host, asked)
    if isinstance(value, BaseMessage):
        parts = {"content": value.content, "additional_kwargs": value.additional_kwargs}
        return value.model_copy(update=inner(parts))
    if make := getattr(type(value), "_make", None):  # a named tuple
        return make(map(inner, value))
    if isinstance(value, list | tuple):
        return type(value)(map(inner, value))
    if isinstance(value, Interrupt | Overwrite):
        return replace(value, value=inner(value.value))
    return value


def _of_mapping(value: dict[str, Any], host: str, asked: Asked) -> dict[str, Any]:
    if {"sha256", "media_type", "width", "height"} <= value.keys():
        return {**value, "url": host + path_of(value["sha256"])}
    return asked(value) if {"kind", "request", "answers"} <= value.keys() else value
