"""One call of an actor, and what is to be made of its failure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gems_graph.errors import GemsError, TransientError
from gems_graph.generators.request import GenerateRequest, Picture, ask_nobody, unheard
from gems_graph.settings.redaction import shortened

_BROKEN = ("CUDA error", "HIP error", "XPU error")


async def asked(actor: Any, request: GenerateRequest) -> list[Picture]:
    """Return what an actor draws, tell its steps, and stop it when nobody waits any more."""
    import ray

    sent = replace(request, progress=unheard, ask=ask_nobody)
    stream = actor.draw.options(num_returns="streaming").remote(sent)
    try:
        async for reference in stream:
            each: Any = await reference
            if isinstance(each, list):
                return each
            request.progress(*each)
    except BaseException:
        ray.cancel(stream)  # which a call that has ended does not hear
        raise
    raise TransientError("An actor of Ray gave no pictures.")


def cause_of(error: Any) -> Exception:
    """Return what was raised in an actor."""
    cause = error.cause
    return cause if isinstance(cause, Exception) else error


def said(error: Exception) -> str:
    """Return what an error says, in one short line."""
    return shortened(" ".join(str(error).split()), 300)


def is_broken(cause: Exception) -> bool:
    """Tell whether a device failed in a way that its process does not get over."""
    if isinstance(cause, GemsError):  # out of memory, say
        return False
    return type(cause).__name__ == "AcceleratorError" or any(e in str(cause) for e in _BROKEN)
