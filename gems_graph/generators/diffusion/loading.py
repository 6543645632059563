"""Load a pipeline as the options say: device, precision, offloading, attention, compilation."""

from __future__ import annotations

import sys
from typing import Any

from gems_graph.errors import ConfigError
from gems_graph.generators.diffusion.batch import out_of_memory
from gems_graph.generators.diffusion.code import is_trusted, own_class
from gems_graph.generators.diffusion.fitting import check_fit
from gems_graph.generators.diffusion.options import DENOISERS, Loading
from gems_graph.generators.diffusion.quantizing import quantization
from gems_graph.settings.redaction import shortened


def pipeline_class(model: str, loading: Loading) -> type:
    """Return the class of a pipeline that can be loaded; nothing but its index is read.

    Raises:
        ConfigError: there is no such model, this diffusers does not know its class, the class is
            of a model that the host does not trust, or the options do not fit it, or this machine.
    """
    import diffusers

    try:
        index = diffusers.DiffusionPipeline.load_config(model, revision=loading.revision or None)
    except (OSError, ValueError) as error:
        msg = (
            f"No diffusers pipeline can be read from {model!r} "
            f"({type(error).__name__}: {shortened(str(error), 300)}): give a preset, a hub id such "
            "as Qwen/Qwen-Image-2512, or a folder with a model_index.json."
        )
        raise ConfigError(msg) from error
    name = index.get("_class_name")
    if isinstance(name, list):
        found = own_class(model, str(name[0]), str(name[-1]), loading.revision)
    else:
        found = getattr(diffusers, str(name), None)
    if not isinstance(found, type):
        msg = (
            f"{model!r} is a {name}, which diffusers {diffusers.__version__} does not know: "
            "pip install --upgrade diffusers, or name another model."
        )
        raise ConfigError(msg)
    check_fit(model, index, loading, device_of(loading))
    return found


def load(model: str, loading: Loading) -> Any:
    """Return a pipeline, on its device and ready to draw.

    Raises:
        ConfigError: it cannot be loaded so; says what to change.
    """
    device = device_of(loading)
    try:
        return _load(model, loading, device)
    except ConfigError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {shortened(str(error), 300)}"
        remedy = "check the model and the options of the generator"
        if out_of_memory(error):
            remedy = "set the option offload=model, or quantization=bitsandbytes-4bit"
        msg = f"The pipeline {model!r} cannot be loaded on {device} ({reason}): {remedy}."
        raise ConfigError(msg) from error


def device_of(loading: Loading) -> str:
    """Return the device to draw on: as the option says, else the fastest there is.

    Raises:
        ConfigError: there is no such device, or nothing to offload from.
    """
    import torch

    there = {"cuda": torch.cuda, "mps": torch.mps, "xpu": torch.xpu}
    found = [name for name, module in there.items() if module.is_available()] + ["cpu"]
    device = found[0] if loading.device == "auto" else loading.device
    kind = device.partition(":")[0]
    if kind not in found:
        msg = f"There is no device {device!r} here: set the option device to {' or '.join(found)}."
        raise ConfigError(msg)
    number = int(device.partition(":")[2] or 0)
    if number and number >= there[kind].device_count():
        msg = (
            f"There is no device {device!r} here, but {there[kind].device_count()} of its kind: "
            f"set the option device={kind}:0."
        )
        raise ConfigError(msg)
    if kind == "cpu" and loading.offload in ("model", "sequential"):
        msg = f"offload={loading.offload} needs a GPU to offload from: leave the option out."
        raise ConfigError(msg)
    return device


def _load(model: str, loading: Loading, device: str) -> Any:
    import diffusers
    import torch
    import transformers

    if not sys.stderr.isatty():  # where nobody looks at bars; a download has one
        diffusers.utils.logging.disable_progress_bar()
        transformers.utils.logging.disable_progress_bar()
    named = dtype_of(loading, device)
    more: dict[str, Any] = {
        "variant": loading.variant or None,
        "revision": loading.revision or None,
    }
    if loading.quantization != "none":
        more["quantization_config"] = quantization(model, loading, getattr(torch, named))
    pipeline = diffusers.DiffusionPipeline.from_pretrained(
        model, dtype=getattr(torch, named), trust_remote_code=is_trusted(model), **more
    )
    pipeline.set_progress_bar_config(disable=True)
    _place(pipeline, loading, device)
    _prepare(pipeline, loading)
    return pipeline


def dtype_of(loading: Loading, device: str) -> str:
    """Return the precision of the weights: bfloat16, but float32 on a processor."""
    if loading.dtype != "auto":
        return loading.dtype
    if loading.quantization == "torchao-int8":  # which computes in nothing else
        return "bfloat16"
    return "float32" if device.startswith("cpu") else "bfloat16"


def _prepare(pipeline: Any, loading: Loading) -> None:
    """Choose the attention, compile and tile."""
    denoisers = [m for name in DENOISERS if (m := getattr(pipeline, name, None)) is not None]
    if loading.attention:
        for model in denoisers:
            model.set_attention_backend(loading.attention)
    if loading.compile:
        for model in denoisers:
            model.compile_repeated_blocks(fullgraph=True)
    if loading.tiling:
        pipeline.vae.enable_tiling()


def _place(pipeline: Any, loading: Loading, device: str) -> None:
    """Put the pipeline on its device, or the parts in turn."""
    import torch

    if loading.offload == "model":
        pipeline.enable_model_cpu_offload(device=device)
    elif loading.offload == "sequential":
        pipeline.enable_sequential_cpu_offload(device=device)
    elif loading.offload == "group":
        pipeline.enable_group_offload(
            onload_device=torch.device(device),
            offload_type="leaf_level",
            use_stream=device.startswith("cuda"),
        )
    else:
        pipeline.to(device)
