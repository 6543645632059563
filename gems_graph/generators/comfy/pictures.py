"""The pictures of a job that has ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def pictures_in(record: Mapping[str, Any], output: str = "") -> list[Mapping[str, Any]]:
    """Return the pictures of a job that succeeded: those that were saved before mere previews.

    Args:
        record: `{"outputs": {NODE: {"images": [{"filename", "subfolder", "type"}]}}, "status"}`.
        output: the node whose pictures count; empty: any.
    """
    if (record.get("status") or {}).get("status_str") == "error":
        return []
    outputs = record.get("outputs") or {}
    nodes = [outputs.get(output) or {}] if output else [*outputs.values()]
    files = [file for node in nodes for file in node.get("images") or [] if "filename" in file]
    return [f for f in files if f.get("type") == "output"] or files
