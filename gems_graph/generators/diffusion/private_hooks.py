"""What we use of diffusers beyond what it documents; see `gems_graph.private_hooks`."""

from __future__ import annotations

from typing import Any


def computing_device(pipeline: Any) -> Any:
    """Return the device on which a pipeline computes, also where its weights lie elsewhere.

    Holds for: diffusers >=0.40,<0.43
    """
    return getattr(pipeline, "_execution_device", None) or getattr(pipeline, "device", None)


def lacks_of_attention(name: str) -> str:
    """Return what a backend of attention lacks here, a sentence; empty: nothing.

    Holds for: diffusers >=0.40,<0.43
    """
    from diffusers.models import attention_dispatch as attention

    try:
        attention._check_attention_backend_requirements(attention.AttentionBackendName(name))
    except RuntimeError as error:
        return str(error)
    return ""


def compiles(model_class: Any) -> bool:
    """Tell whether a class of models names the blocks that `compile_repeated_blocks` compiles.

    Holds for: diffusers >=0.40,<0.43
    """
    return bool(getattr(model_class, "_repeated_blocks", None))


def progress_bar_of(pipeline: Any) -> dict[str, Any]:
    """Return how a pipeline shows its progress bar, for `set_progress_bar_config`.

    Holds for: diffusers >=0.40,<0.43
    """
    return dict(getattr(pipeline, "_progress_bar_config", {}))
