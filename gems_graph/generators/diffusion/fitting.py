"""Whether a model, its options and this machine fit together, told before any weight is read."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from gems_graph.errors import ConfigError
from gems_graph.generators.diffusion.options import DENOISERS, Loading
from gems_graph.generators.diffusion.private_hooks import compiles, lacks_of_attention

Index = Mapping[str, Any]
"""Of a pipeline's parts: for each its library and its class, by name."""


def check_fit(model: str, index: Index, loading: Loading, device: str) -> None:
    """Make sure that the options fit the model and what is installed.

    Args:
        model: hub id or folder, for messages.
        index: of its parts.
        loading: the options.
        device: to draw on.

    Raises:
        ConfigError: one does not; says what to change.
    """
    _check_processors(model, index)
    _check_quantization(loading, device.partition(":")[0])
    denoisers = [kind for name in DENOISERS if (kind := _class_of(index, name)) is not None]
    if (loading.attention or loading.compile) and not denoisers:
        option = "attention" if loading.attention else "compile"
        msg = f"{model!r} has no denoiser that the option {option} could be for: leave it out."
        raise ConfigError(msg)
    if loading.attention:
        _check_attention(loading.attention)
    if loading.compile and not any(compiles(kind) for kind in denoisers):
        msg = f"diffusers does not know which blocks of {model!r} to compile: leave out compile."
        raise ConfigError(msg)
    if loading.tiling and not hasattr(_class_of(index, "vae"), "enable_tiling"):
        msg = f"The decoder of {model!r} knows no tiles: leave out the option tiling."
        raise ConfigError(msg)


def _check_attention(name: str) -> None:
    from diffusers.models.attention_dispatch import AttentionBackendName

    backends = [backend.value for backend in AttentionBackendName]
    if name not in backends:
        public = ", ".join(backend for backend in backends if not backend.startswith("_"))
        msg = f"diffusers knows no attention {name!r}: set the option to one of {public}."
        raise ConfigError(msg)
    if lacks := lacks_of_attention(name):
        msg = f"attention={name} cannot be had here: {lacks} Or leave the option out."
        raise ConfigError(msg)


def _check_quantization(loading: Loading, device: str) -> None:
    package, _, kind = loading.quantization.partition("-")
    if package == "none":
        return
    if package == "bitsandbytes" and (device == "cpu" or (device == "mps" and kind == "8bit")):
        msg = f"quantization={loading.quantization} needs a GPU: leave it out, or set device."
        raise ConfigError(msg)
    if kind == "int8" and loading.dtype not in ("auto", "bfloat16"):
        msg = f"quantization={loading.quantization} needs dtype=bfloat16, not {loading.dtype}."
        raise ConfigError(msg)
    if importlib.util.find_spec(package) is None:
        msg = f"quantization={loading.quantization} needs {package}: pip install {package}."
        raise ConfigError(msg)


def _check_processors(model: str, index: Index) -> None:
    """Make sure that what reads pictures for an encoder can be had: some also reads videos."""
    if importlib.util.find_spec("torchvision") is not None:
        return
    for name in _processors(index):
        msg = f"{model!r} needs torchvision, for its {name}: pip install torchvision."
        raise ConfigError(msg)


def _processors(index: Index) -> Iterator[str]:
    """Yield the classes of parts that read videos, which transformers does with torchvision."""
    for part in index:
        kind = _class_of(index, part)
        if kind is None or not part.endswith("processor"):
            continue
        if "video_processor" in inspect.signature(kind.__init__).parameters:
            yield kind.__name__


def _class_of(index: Index, part: str) -> Any:
    """Return the class of a part; None: it has none, or one that nobody here knows."""
    import diffusers
    import transformers

    match index.get(part):
        case [str(library), str(name)]:
            known = {"diffusers": diffusers, "transformers": transformers}
            return getattr(known.get(library), name, None)
        case _:
            return None
