"""Nodes of ComfyUI as its `/object_info` lists them, and the checks that it makes of a workflow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Input = str | Callable[[Any], bool] | tuple[str, ...]
"""The type of a link, a check of a literal, or the values that there are."""


def whole(low: int, high: int) -> Callable[[Any], bool]:
    return lambda v: isinstance(v, int) and not isinstance(v, bool) and low <= v <= high


def number(low: float, high: float) -> Callable[[Any], bool]:
    return lambda v: isinstance(v, int | float) and not isinstance(v, bool) and low <= v <= high


def text(value: Any) -> bool:
    return isinstance(value, str)


FILES = {
    "unet_name": (
        "z_image_turbo_bf16.safetensors",
        "qwen_image_fp8_e4m3fn.safetensors",
        "qwen_image_2512_fp8_e4m3fn.safetensors",
    ),
    "clip_name": ("qwen_3_4b.safetensors", "qwen_2.5_vl_7b_fp8_scaled.safetensors"),
    "vae_name": ("ae.safetensors", "qwen_image_vae.safetensors"),
}
"""Files of models that the server has."""
_LATENT = {"width": whole(16, 16384), "height": whole(16, 16384), "batch_size": whole(1, 4096)}
NODES: dict[str, tuple[dict[str, Input], tuple[str, ...]]] = {
    "UNETLoader": (
        {
            "unet_name": FILES["unet_name"],
            "weight_dtype": ("default", "fp8_e4m3fn", "fp8_e4m3fn_fast", "fp8_e5m2"),
        },
        ("MODEL",),
    ),
    "CLIPLoader": (
        {
            "clip_name": FILES["clip_name"],
            "type": ("stable_diffusion", "sd3", "lumina2", "flux2", "qwen_image"),
            "device": ("default", "cpu"),
        },
        ("CLIP",),
    ),
    "VAELoader": ({"vae_name": FILES["vae_name"]}, ("VAE",)),
    "ModelSamplingAuraFlow": ({"model": "MODEL", "shift": number(0, 100)}, ("MODEL",)),
    "CLIPTextEncode": ({"text": text, "clip": "CLIP"}, ("CONDITIONING",)),
    "ConditioningZeroOut": ({"conditioning": "CONDITIONING"}, ("CONDITIONING",)),
    "EmptySD3LatentImage": (_LATENT, ("LATENT",)),
    "EmptyLatentImage": (_LATENT, ("LATENT",)),
    "KSampler": (
        {
            "model": "MODEL", "positive": "CONDITIONING", "negative": "CONDITIONING",
            "latent_image": "LATENT", "seed": whole(0, 2**64 - 1), "steps": whole(1, 10000),
            "cfg": number(0, 100), "sampler_name": ("euler", "res_multistep", "dpmpp_2m"),
            "scheduler": ("simple", "normal", "karras"), "denoise": number(0, 1),
        },
        ("LATENT",),
    ),
    "VAEDecode": ({"samples": "LATENT", "vae": "VAE"}, ("IMAGE",)),
    "VAEEncode": ({"pixels": "IMAGE", "vae": "VAE"}, ("LATENT",)),
    "LoadImage": ({"image": text}, ("IMAGE", "MASK")),
    "SaveImage": ({"images": "IMAGE", "filename_prefix": text}, ()),
    "PreviewImage": ({"images": "IMAGE"}, ()),
}  # fmt: skip
OUTPUTS = ("SaveImage", "PreviewImage")


def refusal_of(graph: Mapping[str, Any], uploads: Mapping[str, bytes]) -> dict[str, Any] | None:
    """Return what `POST /prompt` answers with a 400; None: the workflow is in order."""
    for id_, node in graph.items():
        if node.get("class_type") not in NODES:
            error = {
                "type": "missing_node_type",
                "message": f"Node '{node.get('class_type')}' not found.",
                "details": f"Node ID '#{id_}'", "extra_info": {},
            }  # fmt: skip
            return {"error": error, "node_errors": {}}
    if not any(node["class_type"] in OUTPUTS for node in graph.values()):
        error = {"type": "prompt_no_outputs", "message": "Prompt has no outputs", "details": ""}
        return {"error": error, "node_errors": {}}
    errors = {id_: wrong for id_ in graph if (wrong := _wrong(graph, id_, uploads))}
    if not errors:
        return None
    error = {
        "type": "prompt_outputs_failed_validation",
        "message": "Prompt outputs failed validation", "details": "", "extra_info": {},
    }  # fmt: skip
    node_errors = {
        id_: {"errors": wrong, "dependent_outputs": [], "class_type": graph[id_]["class_type"]}
        for id_, wrong in errors.items()
    }
    return {"error": error, "node_errors": node_errors}


def _wrong(graph: Mapping[str, Any], id_: str, uploads: Mapping[str, bytes]) -> list[Any]:
    node = graph[id_]
    schema, _ = NODES[node["class_type"]]
    assert node.keys() <= {"class_type", "inputs", "_meta"}, node
    assert node["inputs"].keys() <= schema.keys(), node  # ComfyUI would overlook them
    found = []
    for name, check in schema.items():
        if name not in node["inputs"]:
            found.append(_error("required_input_missing", "Required input is missing", name))
            continue
        value = node["inputs"][name]
        if isinstance(check, str):
            if not _fits(graph, value, check):
                found.append(_error("return_type_mismatch", "Return type mismatch", name))
        elif isinstance(check, tuple):
            if value not in check:
                detail = f"{name}: {value!r} not in {list(check)}"
                found.append(_error("value_not_in_list", "Value not in list", detail))
        elif not check(value):
            found.append(_error("invalid_input_type", "Failed to convert an input value", name))
        elif node["class_type"] == "LoadImage" and value not in uploads:
            detail = f"image - Invalid image file: {value}"
            found.append(_error("custom_validation_failed", "Custom validation failed", detail))
    return found


def _fits(graph: Mapping[str, Any], value: Any, type_: str) -> bool:
    if not (isinstance(value, list) and len(value) == 2 and value[0] in graph):
        return False
    outputs = NODES[graph[value[0]]["class_type"]][1]
    return bool(0 <= value[1] < len(outputs) and outputs[value[1]] == type_)


def _error(type_: str, message: str, details: str) -> dict[str, Any]:
    return {"type": type_, "message": message, "details": details, "extra_info": {}}
