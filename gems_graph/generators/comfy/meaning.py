"""What ComfyUI means when it refuses a workflow, or a node of it fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import httpx2

from gems_graph.errors import BadRequestError, GeneratorError, NoMemoryError, TransientError
from gems_graph.generators.comfy.graph import Graph, title_of
from gems_graph.settings.redaction import shortened

_LONGEST = 600  # characters of what a server says
_NO_MEMORY = ("outofmemory", "out of memory", "allocation on device")
_PASSING = (
    "timeout", "connection", "temporarily", "clienterror", "sslerror", "cuda error", "device-side",
)  # fmt: skip
_REMEDIES = {
    "value_not_in_list": (
        "Put the file where ComfyUI looks for it, or name another with "
        "generator_options.inputs.NODE.INPUT."
    ),
    "missing_node_type": "Update ComfyUI, or install the package that has this node.",
}
_REMEDY = "Mend the workflow in ComfyUI, and export it again."


def refused(error: httpx2.HTTPStatusError, graph: Graph, place: str) -> Exception:
    """Return what a refused workflow means; the error itself where ComfyUI does not say.

    Args:
        error: of the request.
        graph: that was sent.
        place: name of the server.
    """
    if error.response.status_code != 400:
        return error
    try:
        answer = error.response.json()
    except ValueError:
        return error
    return refusal(answer, graph, place) or error


def refusal(answer: Any, graph: Graph, place: str) -> BadRequestError | None:
    """Return the error in an answer to a workflow; None: there is none.

    The answer is `{"error": {"type", "message", "details"}, "node_errors": {NODE: {"errors"}}}`.
    """
    if not isinstance(answer, Mapping):
        return None
    found = [*_of_nodes(answer.get("node_errors"), graph)]
    error = answer.get("error")
    if not found and isinstance(error, Mapping):
        found = [(str(error.get("type")), _said(error))]
    elif not found and error:
        found = [("", str(error))]
    if not found:
        return None
    remedy = next((_REMEDIES[kind] for kind, _ in found if kind in _REMEDIES), _REMEDY)
    said = shortened("; ".join(text for _, text in found), _LONGEST)
    return BadRequestError(f"ComfyUI at {place} refuses the workflow: {said}. {remedy}")


def _of_nodes(node_errors: Any, graph: Graph) -> Iterator[tuple[str, str]]:
    """Yield kind and text of what is wrong with each node."""
    for id_, about in (node_errors if isinstance(node_errors, Mapping) else {}).items():
        for error in about.get("errors") or [] if isinstance(about, Mapping) else []:
            yield str(error.get("type")), f"{_node(str(id_), graph)}: {_said(error)}"


def _said(error: Mapping[str, Any]) -> str:
    details = str(error.get("details") or "")
    return f"{error.get('message') or error.get('type')}" + (f" ({details})" if details else "")


def _node(id_: str, graph: Graph) -> str:
    node = graph.get(id_)
    return f"node {id_} {node['class_type']} {title_of(node)!r}" if node else f"node {id_}"


def failure(record: Mapping[str, Any], graph: Graph, place: str) -> GeneratorError | None:
    """Return why a job failed, by its entry in the history; None: it did not.

    Args:
        record: `{"status": {"status_str", "messages": [[EVENT, DATA], ...]}, "outputs"}`.
        graph: that was run.
        place: name of the server.
    """
    status = record.get("status") or {}
    if status.get("status_str") != "error":
        return None
    events = {event[0]: event[1] for event in status.get("messages") or [] if len(event) > 1}
    if "execution_interrupted" in events:
        return TransientError(f"somebody stopped the job at ComfyUI on {place}")
    if "execution_error" not in events:
        return GeneratorError(f"ComfyUI at {place} failed, and does not say why; see its log.")
    return _failed_node(events["execution_error"], graph, place)


def _failed_node(data: Mapping[str, Any], graph: Graph, place: str) -> GeneratorError:
    kind, message = str(data.get("exception_type")), str(data.get("exception_message") or "")
    node = _node(str(data.get("node_id")), graph)
    text = f"ComfyUI at {place} failed in {node}: {kind}: {shortened(message, _LONGEST)}"
    words = f"{kind} {message}".lower()
    if any(word in words for word in _NO_MEMORY):
        return NoMemoryError(f"{text}. Ask for a smaller size, or a smaller model.")
    if any(word in words for word in _PASSING):
        return TransientError(text)
    return BadRequestError(f"{text}. {_REMEDY}")
