"""What a workflow can do, which job it is, and how it drew."""

from __future__ import annotations

import io
import json
import uuid
from dataclasses import dataclass
from typing import Any

from PIL import Image

from gems_graph.generators.comfy.workflow import OPTIONS, Workflow
from gems_graph.generators.request import GenerateRequest
from gems_graph.settings.generator import Capabilities
from gems_graph.settings.notes import known_notes

_JOBS = uuid.UUID("6b0f8f0c-5f0e-5d8b-9a39-2c9f3a1f6f5e")  # the namespace of our ids


@dataclass(frozen=True)
class Order:
    """A request as a workflow of its own.

    Attributes:
        request: as it was asked.
        workflow: with the request filled in.
        job: its id on a server, a UUID in small letters: the same for the same call. The workflow
            is part of it, so one that was changed since is another job.
        notes: what of the request the workflow has no slot for.
    """

    request: GenerateRequest
    workflow: Workflow
    job: str
    notes: list[str]


def order_of(request: GenerateRequest, workflow: Workflow, *, edits: bool) -> Order:
    """Return a request as an order.

    Args:
        request: as it was asked.
        workflow: that draws.
        edits: whether it is one for edits beside another: what that lacks is said of the generator.

    Raises:
        BadRequestError: it takes fewer pictures, or the ratio is none.
    """
    filled = workflow.filled(request)
    text = f"{request.key}\n{json.dumps(filled.graph, sort_keys=True)}"
    job = uuid.uuid5(_JOBS, text) if request.key else uuid.uuid4()
    return Order(request, filled, str(job), _lacking(workflow, request) if edits else [])


def facts_in(workflow: Workflow, version: str) -> dict[str, Any]:
    """Return what is known of how a filled workflow drew, on a ComfyUI of a version."""
    told = {name: workflow.value(name) for name in ("seed", "steps", "guidance")}
    return {
        "model": workflow.model,
        **{name: value for name, value in told.items() if value is not None},
        **({"versions": {"comfyui": version}} if version else {}),
    }


def _lacking(workflow: Workflow, request: GenerateRequest) -> list[str]:
    slots = {"size": "width", "negative": "negative", "steps": "steps", "guidance": "guidance"}
    return [
        f"The workflow {workflow.name!r} takes no `{name}`; it changed the picture without."
        for name, slot in slots.items()
        if getattr(request, name) not in ("", None) and not workflow.slots[slot]
    ]


def size_of(data: bytes) -> list[int]:
    """Return width and height of a picture in pixels; empty where nobody can read it."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            return [image.width, image.height]
    except (OSError, ValueError):  # the caller tells what is wrong with it
        return []


def capabilities_of(workflow: Workflow, edit: Workflow | None, servers: int) -> Capabilities:
    """Return what a workflow can do; a server draws one picture, and the next one waits there.

    Args:
        workflow: that draws.
        edit: that gets requests with pictures; None: the same, which starts from a picture where
            it has a place for one and none for a size.
        servers: how many there are.
    """
    sizes, pictures = workflow.size is not None, len((edit or workflow).slots["image"])
    return Capabilities(
        sizes=sizes,
        grid=workflow.grid,
        seeds=bool(workflow.slots["seed"]),
        ratios=sizes,
        negative=bool(workflow.slots["negative"]),
        steps=bool(workflow.slots["steps"]),
        guidance=bool(workflow.slots["guidance"]),
        edits=pictures,
        edits_only=not (edit or sizes) and pictures > 0,
        progress=True,
        options=(*OPTIONS, "edit"),
        concurrency=2 * servers,
        notes=known_notes(workflow.name) or "",
    )
