"""Workflows of ComfyUI in the format of its API: read, checked, listed.

A graph is a table of nodes by id: `{"class_type": NAME, "inputs": {NAME: VALUE}}`, where a value is
a literal or a link `[NODE, OUTPUT]`, and `_meta.title` the title of the node in ComfyUI.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gems_graph.errors import ConfigError

Graph = dict[str, dict[str, Any]]
_READY = Path(__file__).parent / "workflows"
_LONGEST = 4_000_000  # bytes of a file
_LISTED = 40  # nodes that a message lists at most


def ready() -> list[str]:
    """Return the names of the workflows that come with the package."""
    return sorted(file.stem for file in _READY.glob("*.json"))


def read_graph(name: str) -> Graph:
    """Return a workflow by its name or the path of its file.

    Raises:
        ConfigError: there is no such file, or it is no workflow in the format of the API.
    """
    known = name in ready()
    file = _READY / f"{name}.json" if known else Path(name).expanduser()
    try:
        with file.open("rb") as opened:
            text = opened.read(_LONGEST + 1)
    except (OSError, ValueError) as error:
        msg = (
            f"There is no workflow {name!r}: name {', '.join(ready())}, or the path of a file that "
            "ComfyUI wrote with Workflow > Export (API)."
        )
        raise ConfigError(msg) from error
    try:
        given = json.loads(text) if len(text) <= _LONGEST else None
    except (ValueError, RecursionError) as error:
        msg = f"The workflow {name!r} is no JSON: {error}. Export it anew with {_EXPORT}."
        raise ConfigError(msg) from error
    return _checked(given, name)


_EXPORT = "Workflow > Export (API)"


def _checked(given: Any, name: str) -> Graph:
    """Return a graph if it is one.

    Raises:
        ConfigError: it is a workflow of ComfyUI's pages, no workflow, or a link leads nowhere.
    """
    if isinstance(given, dict) and isinstance(given.get("nodes"), list) and "links" in given:
        msg = (
            f"The workflow {name!r} is in the format of ComfyUI's own pages, which its server does "
            f"not run: open it in ComfyUI and save it with {_EXPORT}."
        )
        raise ConfigError(msg)
    if isinstance(given, dict) and isinstance(given.get("prompt"), dict):
        given = given["prompt"]  # the body of a request
    if not isinstance(given, dict) or not given or not all(map(_is_node, given.values())):
        msg = f"The workflow {name!r} is none of ComfyUI's: save it with {_EXPORT}."
        raise ConfigError(msg)
    for id_, node in given.items():
        for input_, value in node["inputs"].items():
            if is_link(value) and value[0] not in given:
                msg = (
                    f"The workflow {name!r} is cut: input {input_!r} of node {id_} comes from node "
                    f"{value[0]}, which is missing. Save it anew with {_EXPORT}."
                )
                raise ConfigError(msg)
    return given


def _is_node(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("class_type"), str)
        and isinstance(value.get("inputs"), dict)
    )


def is_link(value: Any) -> bool:
    """Tell whether the value of an input comes from another node."""
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str)


def title_of(node: dict[str, Any]) -> str:
    """Return the title of a node, as ComfyUI shows it; empty where it has none."""
    meta = node.get("_meta")
    return str(meta.get("title") or "") if isinstance(meta, dict) else ""


def literals(node: dict[str, Any]) -> dict[str, Any]:
    """Return the inputs of a node that come from no other."""
    return {name: value for name, value in node["inputs"].items() if not is_link(value)}


def nodes_in(graph: Graph, text: str) -> list[str]:
    """Return the ids of the nodes that a text names: by id, by title, or by class."""
    if text in graph:
        return [text]
    wanted = text.strip().casefold()
    titled = [id_ for id_, node in graph.items() if title_of(node).strip().casefold() == wanted]
    return titled or [id_ for id_, node in graph.items() if node["class_type"].casefold() == wanted]


def listed(graph: Graph) -> str:
    """Return the nodes of a graph with what can be set of each, for messages."""
    lines = [*_lines(graph)]
    more = f"; and {len(lines) - _LISTED} more" if len(lines) > _LISTED else ""
    return "; ".join(lines[:_LISTED]) + more


def _lines(graph: Graph) -> Iterator[str]:
    for id_, node in graph.items():
        title = title_of(node)
        named = f" {title!r}" if title and title != node["class_type"] else ""
        inputs = ", ".join(literals(node))
        yield f"{id_} {node['class_type']}{named}" + (f" ({inputs})" if inputs else "")
