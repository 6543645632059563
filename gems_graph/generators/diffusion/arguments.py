"""The arguments of a pipeline's call for a request, and notes on what it cannot honour."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from gems_graph.errors import BadRequestError
from gems_graph.generators.checking import on_grid
from gems_graph.generators.diffusion.form import CallForm
from gems_graph.generators.request import GenerateRequest
from gems_graph.images.normal import normal


@dataclass(frozen=True)
class Model:
    """What of a loaded pipeline decides how it is called.

    Attributes:
        form: of its call.
        grid: pixels that width and height must be multiples of.
        distilled: guidance is an input of the model.
        size: (width, height) in pixels of pictures whose size is left open; None: its own.
        side: of a square of the area that pictures of a given ratio have, in pixels.
        sizes: for ratios that it was trained on.
    """

    form: CallForm
    grid: int = 16
    distilled: bool = False
    size: tuple[int, int] | None = None
    side: int = 1024
    sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass
class Arguments:
    """Arguments of one call, and what is to be said of them."""

    named: dict[str, Any]
    notes: list[str]


def arguments(model: Model, request: GenerateRequest, given: Mapping[str, Any]) -> Arguments:
    """Return how to call a pipeline: the request first, then what is given, then its own defaults.

    Seeds, the number of pictures and the callback are not among them.

    Args:
        model: the pipeline.
        request: what to draw.
        given: arguments for every call, of options and presets; what it does not know is left out.

    Raises:
        BadRequestError: it can draw nothing of the kind, or not in that size.
    """
    call = Arguments({n: value for n, value in given.items() if model.form.takes(n)}, [])
    pictures = [_decoded(data) for data in request.images]
    _add_pictures(model.form, request, pictures, call)
    _add_size(model, request, pictures, call)
    _add_guidance(model, request, call)
    return call


def _decoded(data: bytes) -> Image.Image:
    try:
        return normal(Image.open(io.BytesIO(data))).convert("RGB")
    except (OSError, ValueError) as error:
        msg = f"A picture to go by cannot be read ({error}): give PNG, JPEG or WebP."
        raise BadRequestError(msg) from error


def _add_pictures(
    form: CallForm, request: GenerateRequest, pictures: list[Image.Image], call: Arguments
) -> None:
    call.named["prompt"] = request.prompt  # no list: Z-Image overwrites lists in place
    if not pictures:
        if form.needs_picture:
            msg = f"{form.name} only changes pictures: name a pipeline that draws from text alone."
            raise BadRequestError(msg)
        return
    if not form.picture:
        msg = f"{form.name} takes no pictures: leave them out, or name a pipeline that edits."
        raise BadRequestError(msg)
    if request.instruction and form.follows:
        call.named["prompt"] = request.instruction
    elif request.instruction:
        call.notes.append(f"{form.name} follows no instruction: it redraws after the prompt.")
    if len(pictures) > 1 and not form.several:
        call.notes.append(f"{form.name} takes one picture: {len(pictures) - 1} left out.")
        del pictures[1:]
    several = len(pictures) > 1 or form.picture.endswith("s")
    call.named[form.picture] = pictures if several else pictures[0]


def _add_size(
    model: Model, request: GenerateRequest, pictures: list[Image.Image], call: Arguments
) -> None:
    size = request.size or _size_of(model, request.ratio)
    if not size and pictures:
        size = _fitted(pictures[0].width, pictures[0].height, model.grid)
    size = size or model.size
    if not size or not model.form.takes("height"):
        return
    if size[0] % model.grid or size[1] % model.grid:
        nearest = "{}x{}".format(*_fitted(*size, model.grid))
        msg = (
            f"{model.form.name} draws sizes in multiples of {model.grid}, not {size[0]}x{size[1]}: "
            f"set size={nearest}."
        )
        raise BadRequestError(msg)
    call.named |= {"width": size[0], "height": size[1]}


def _size_of(model: Model, ratio: str) -> tuple[int, int] | None:
    """Return the size of a ratio: as trained, else of the area of the usual size."""
    if not ratio or ratio in model.sizes:
        return model.sizes.get(ratio)
    try:
        across, down = (float(part) for part in ratio.split(":"))
        proportion = across / down
        area = math.prod(model.size or (model.side, model.side))
        return _fitted(math.sqrt(area * proportion), math.sqrt(area / proportion), model.grid)
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        msg = f"{ratio!r} is no ratio: write width:height, for example 16:9."
        raise BadRequestError(msg) from error


def _fitted(width: float, height: float, grid: int) -> tuple[int, int]:
    return on_grid(width, grid), on_grid(height, grid)


def _add_guidance(model: Model, request: GenerateRequest, call: Arguments) -> None:
    """Set steps, guidance and negative prompt; what it cannot take is told of elsewhere."""
    form = model.form
    scale = form.guidance(model.distilled)
    asked = {
        "num_inference_steps": request.steps,
        scale: request.guidance,
        "negative_prompt": request.negative or None,
    }
    call.named |= {n: v for n, v in asked.items() if v is not None and form.takes(n)}
    if form.takes("negative_prompt"):
        _pair(form, "true_cfg_scale" if form.takes("true_cfg_scale") else scale, request, call)


def _pair(form: CallForm, scale: str, request: GenerateRequest, call: Arguments) -> None:
    """Give a negative prompt where guidance needs one, and none where there is no guidance."""
    named, value = call.named, call.named.get(scale, form.default(scale))
    if value is None:
        return
    unguided = value <= 1 if scale == "true_cfg_scale" else value <= 0
    if unguided:
        named.pop("negative_prompt", None)
        if request.negative:
            call.notes.append(f"Without guidance ({scale}={value:g}) no negative prompt is read.")
    elif scale == "true_cfg_scale" and not named.get("negative_prompt"):
        if scale in named:
            named["negative_prompt"] = " "
        else:
            call.notes.append(f"{form.name} guides only beside a negative prompt: none was given.")
