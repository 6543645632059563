"""The options of loading a pipeline, and the packages that it needs; nothing is imported."""

from __future__ import annotations

import importlib.util
import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from gems_graph.errors import ConfigError
from gems_graph.generators.reading import read_options

Offload = Literal["none", "model", "sequential", "group"]
Quantization = Literal[
    "none", "bitsandbytes-4bit", "bitsandbytes-8bit", "torchao-int8", "torchao-float8"
]
PACKAGES = ("torch", "diffusers", "transformers", "accelerate")
_DEVICE = re.compile(r"auto|cpu|mps|(cuda|xpu)(:\d{1,3})?")
DENOISERS = ("transformer", "transformer_2", "unet")
ENCODERS = ("text_encoder", "text_encoder_2", "text_encoder_3")


class Loading(BaseModel):
    """How a pipeline is loaded; each field is an option of the generator."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    folder: str = Field(default="", description="Where the model lies, if not on the hub.")
    revision: str = Field(default="", description="Branch, tag or commit on the hub.")
    variant: str = Field(default="", description="Of the weights' files, for example fp16.")
    device: str = Field(default="auto", description="cuda, cuda:1, mps, xpu, cpu.")
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    offload: Offload = Field(default="none", description="What waits in the processor's memory.")
    quantization: Quantization = Field(default="none", description="Of denoiser and encoders.")
    compile: bool = Field(default=False, description="Compile the blocks of the denoiser.")
    attention: str = Field(default="", description="Backend of attention: native, flash, sage, ...")
    tiling: bool = Field(default=False, description="Decode large pictures in tiles.")

    @field_validator("device")
    @classmethod
    def _known_device(cls, value: str) -> str:
        if not _DEVICE.fullmatch(value):
            raise ValueError("auto, cuda, cuda:1, mps, xpu, xpu:1 or cpu")
        return value


def read_loading(options: dict[str, Any]) -> Loading:
    """Return the options of loading.

    Raises:
        ConfigError: one has a value that it cannot have.
    """
    return read_options(Loading, options, "diffusers")


def check_packages(name: str) -> None:
    """Make sure that what diffusers needs is installed, without importing it.

    Raises:
        ConfigError: it is not; says how to install it.
    """
    missing = [package for package in PACKAGES if importlib.util.find_spec(package) is None]
    if missing:
        msg = (
            f"The generator {name!r} needs {', '.join(missing)}: "
            "pip install 'gems-graph[diffusers]'."
        )
        raise ConfigError(msg)
