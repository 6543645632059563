"""What is known of a loaded pipeline, and what of a drawn picture is kept for the record."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib import metadata
from typing import Any

from gems_graph.generators.diffusion.arguments import Arguments, Model
from gems_graph.generators.diffusion.form import CallForm
from gems_graph.generators.diffusion.private_hooks import computing_device


def model_of(pipeline: Any) -> Model:
    """Return what of a pipeline decides how it is called."""
    transformer = getattr(pipeline, "transformer", None)
    scale = getattr(pipeline, "vae_scale_factor", None) or 1
    grid = max(scale, 8 * (2 if transformer is not None else 1)) if scale > 1 else 1
    sample = getattr(pipeline, "default_sample_size", None)
    return Model(
        form=CallForm.of(type(pipeline)),
        grid=int(grid),
        distilled=bool(getattr(getattr(transformer, "config", None), "guidance_embeds", False)),
        side=sample * int(scale) if isinstance(sample, int) else 1024,
    )


def facts_of(pipeline: Any, form: CallForm, call: Arguments) -> dict[str, Any]:
    """Return what the record keeps of a call, as plain JSON.

    Args:
        pipeline: that drew.
        form: of its call.
        call: its arguments.
    """
    named = call.named
    facts = {
        "model": str(getattr(pipeline, "name_or_path", "") or type(pipeline).__name__),
        "pipeline": type(pipeline).__name__,
        "steps": named.get("num_inference_steps", form.default("num_inference_steps")),
        "guidance": _guidance(form, named),
        "negative": named.get("negative_prompt") or "",
        "size": [named["width"], named["height"]] if "width" in named else None,
        "device": device_of(pipeline),
        "dtype": str(getattr(pipeline, "dtype", "")).removeprefix("torch."),
        "versions": versions(),
        "notes": call.notes,
    }
    return {name: value for name, value in facts.items() if value not in (None, "", [])}


def device_of(pipeline: Any) -> str:
    """Return the kind of device that a pipeline computes on; empty: it does not say."""
    device = computing_device(pipeline)
    return str(getattr(device, "type", device or ""))


@lru_cache(maxsize=1)
def versions() -> dict[str, str]:
    """Return the versions of the packages that decide what is drawn."""
    names = {dist.metadata["Name"].lower() for dist in metadata.distributions()} & _PACKAGES
    return {name: metadata.version(name) for name in sorted(names)}


_PACKAGES = {"torch", "diffusers", "transformers"}


def _guidance(form: CallForm, named: Mapping[str, Any]) -> float | None:
    """Return how closely the prompt was followed; 1 where guidance lacked what it needs."""
    names = ("true_cfg_scale", "guidance_scale", "distilled_guidance_scale")
    known = [name for name in names if form.takes(name)]
    name = next((name for name in known if name in named), known[0] if known else "")
    if name == "true_cfg_scale" and not named.get("negative_prompt"):
        return 1.0
    value: float | None = named.get(name, form.default(name))
    return value
