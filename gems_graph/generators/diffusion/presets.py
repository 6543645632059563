"""Image models that are known by name: where they lie, and how their authors have them called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gems_graph.settings.notes import known_notes


@dataclass(frozen=True)
class Preset:
    """A model and how it is called where nobody says otherwise.

    Attributes:
        repo: id on the hub.
        size: (width, height) in pixels.
        arguments: of the pipeline's call.
        sizes: for ratios that the model was trained on.
        languages: that it reads.
    """

    repo: str
    size: tuple[int, int]
    arguments: Mapping[str, Any]
    sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    languages: tuple[str, ...] = ("English", "Chinese")

    @property
    def notes(self) -> str:
        """How the model likes to be addressed."""
        return known_notes(self.repo) or ""


_QWEN_SIZES = {
    "1:1": (1328, 1328),
    "16:9": (1664, 928),
    "9:16": (928, 1664),
    "4:3": (1472, 1104),
    "3:4": (1104, 1472),
    "3:2": (1584, 1056),
    "2:3": (1056, 1584),
}
_QWEN, _QWEN_STEPS = "Qwen/Qwen-Image-2512", {"num_inference_steps": 50}

PRESETS: Mapping[str, Preset] = {
    # distilled: 8 samples, and any guidance above 0 spoils the picture and doubles the work
    "z-image-turbo": Preset(
        "Tongyi-MAI/Z-Image-Turbo", (1024, 1024), {"num_inference_steps": 8, "guidance_scale": 0.0}
    ),
    # guidance works only beside a negative prompt, of which a blank is the plainest
    "qwen-image-2512": Preset(
        _QWEN,
        (1328, 1328),
        {**_QWEN_STEPS, "true_cfg_scale": 4.0, "negative_prompt": " "},
        _QWEN_SIZES,
    ),
    # the server of the paper's authors asks for guidance in an argument that the pipeline ignores
    "qwen-image-2512-no-cfg": Preset(
        _QWEN, (1328, 1328), {**_QWEN_STEPS, "true_cfg_scale": 1.0}, _QWEN_SIZES
    ),
}


def preset_of(model: str) -> Preset | None:
    """Return the preset of a name, a hub id or a folder that is called as on the hub."""
    if model in PRESETS:
        return PRESETS[model]
    last = model.rstrip("/").rpartition("/")[2].casefold()
    fitting = (p for p in PRESETS.values() if p.repo.rpartition("/")[2].casefold() == last)
    return next(fitting, None)
