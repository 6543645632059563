"""Weights in 4 or 8 bits, for devices with little memory."""

from __future__ import annotations

from typing import Any

from gems_graph.generators.diffusion.options import DENOISERS, ENCODERS, Loading


def quantization(model: str, loading: Loading, dtype: Any) -> Any:
    """Return how to quantise the denoiser and the encoders that a model has.

    Args:
        model: hub id or folder.
        loading: names the method.
        dtype: to compute in, of torch.
    """
    import diffusers

    index = diffusers.DiffusionPipeline.load_config(model, revision=loading.revision or None)
    parts = [name for name in (*DENOISERS, *ENCODERS) if index.get(name, [None])[0]]
    package, _, kind = loading.quantization.partition("-")
    if package == "torchao":
        return diffusers.PipelineQuantizationConfig(
            quant_backend="torchao",
            quant_kwargs={"quant_type": _torchao(kind)},
            components_to_quantize=parts,
        )
    kwargs: dict[str, Any] = {"load_in_8bit": True}
    if kind == "4bit":
        kwargs = {
            "load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "bnb_4bit_compute_dtype": dtype
        }  # fmt: skip
    return diffusers.PipelineQuantizationConfig(
        quant_backend=f"bitsandbytes_{kind}", quant_kwargs=kwargs, components_to_quantize=parts
    )


def _torchao(kind: str) -> Any:
    from torchao import quantization

    name = {"int8": "Int8WeightOnlyConfig", "float8": "Float8WeightOnlyConfig"}[kind]
    return getattr(quantization, name)()
