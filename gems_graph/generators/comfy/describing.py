"""What a workflow can do, which job it is, and how it drew."""

from __future__ import annotations

import json
import uuid
from typing import Any

from gems_graph.generators.comfy.workflow import OPTIONS, Workflow
from gems_graph.settings.generator import Capabilities
from gems_graph.settings.notes import known_notes

_JOBS = uuid.UUID("6b0f8f0c-5f0e-5d8b-9a39-2c9f3a1f6f5e")  # the namespace of our ids
_MOST = 8  # pictures of one request, a job each


def job_of(key: str, workflow: Workflow, k: int) -> str:
    """Return the id of a job: a UUID in small letters, the same for the same call.

    The workflow is part of it: one that was changed since is another job.

    Args:
        key: of the call; empty: it is made once.
        workflow: with the request filled in.
        k: which of the pictures of one request.
    """
    if not key:
        return str(uuid.uuid4())
    return str(uuid.uuid5(_JOBS, f"{key}\n{k}\n{json.dumps(workflow.graph, sort_keys=True)}"))


def facts_in(workflow: Workflow, version: str) -> dict[str, Any]:
    """Return what is known of how a filled workflow drew, on a ComfyUI of a version."""
    told = {name: workflow.value(name) for name in ("seed", "steps", "guidance")}
    return {
        "model": workflow.model,
        **{name: value for name, value in told.items() if value is not None},
        **({"versions": {"comfyui": version}} if version else {}),
    }


def capabilities_of(workflow: Workflow, edit: Workflow, servers: int) -> Capabilities:
    """Return what a workflow can do; a server draws one picture, and the next one waits there.

    Args:
        workflow: that draws.
        edit: that gets requests with pictures.
        servers: how many there are.
    """
    sizes = workflow.size is not None
    return Capabilities(
        sizes=sizes,
        grid=workflow.grid,
        seeds=bool(workflow.slots["seed"]),
        ratios=sizes,
        negative=bool(workflow.slots["negative"]),
        steps=bool(workflow.slots["steps"]),
        guidance=bool(workflow.slots["guidance"]),
        edits=len(edit.slots["image"]),
        n=_MOST,
        progress=True,
        options=(*OPTIONS, "edit"),
        concurrency=2 * servers,
        notes=known_notes(workflow.name) or "",
    )
