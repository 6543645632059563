"""`svg[:MODEL]`: a chat model draws, in SVG; without an image model any prompt becomes a picture.

`svg` has the chat model of the run draw, `svg:compat:MODEL` or `svg:provider:model` another. What
it writes is untrusted: `vector` makes it harmless and renders it.
"""

from __future__ import annotations

from functools import partial

from pydantic import ValidationError

from gems_graph.errors import BadRequestError, ConfigError, GeneratorError
from gems_graph.generators.request import GenerateRequest, Picture
from gems_graph.generators.vector.allowed import ELEMENTS
from gems_graph.generators.vector.cleaning import clean
from gems_graph.generators.vector.parsing import DrawingError
from gems_graph.generators.vector.rendering import Renderer
from gems_graph.generators.vector.source import with_source
from gems_graph.settings.generator import Capabilities, GeneratorSpec
from gems_graph.settings.roles import ModelSpec

EXAMPLE = "svg"
"""Opened by whoever lists what generators can do."""

NOTES = (
    "An illustrator who draws vector graphics by hand: flat shapes with clean outlines, gradients"
    " and lettering. Prose in any language. Few things, each large and of a silhouette that is"
    " known at a glance; for each its shape, parts, colour, how many, and where in the picture it"
    " stands (left third, lower half, in front of what). Quoted text is drawn letter for letter"
    " in a plain sans-serif. Words of photography, texture and fine detail (lens, grain, fur,"
    " photorealistic) change nothing: say which shapes and colours show it."
)
"""How to address it, for a chat model that writes its prompts."""

_SIDE, _MOST = 1024, 4096  # pixels: where no size is asked for, and at most
_OPTIONS = ("temperature", "max_tokens", "extra_body")
_DRAWINGS = 2  # asked for, where the first is well formed and cannot be rendered


class SvgGenerator:
    """A chat model as an illustrator.

    Args:
        name: that it was opened by.
        model: who draws; what it leaves open is that of the run's own chat model.

    Raises:
        ConfigError: the renderer is not installed.
    """

    capabilities = Capabilities(
        ratios=True, negative=True, black=True, options=_OPTIONS, notes=NOTES
    )

    def __init__(self, name: str = "svg", model: ModelSpec | None = None) -> None:
        self.name, self._model = name, model or ModelSpec()
        self._renderer = Renderer()

    async def generate(self, request: GenerateRequest) -> list[Picture]:
        """Draw pictures one after the other, a variation for each seed.

        Raises:
            BadRequestError: the size is too large, or nobody is there to be asked.
            GeneratorError: two drawings in a row could not be rendered.
        """
        return [await self._draw(request, request.seed + k) for k in range(request.n)]

    async def aclose(self) -> None:
        """Remove the unpacked fonts."""
        self._renderer.close()

    async def _draw(self, request: GenerateRequest, seed: int) -> Picture:
        width, height = size = _size(request)
        complaint = ""
        for _ in range(_DRAWINGS):
            asked = await request.ask(
                "svg",
                partial(clean, size=size),
                self._model,
                prompt=request.prompt,
                negative=request.negative,
                width=width,
                height=height,
                variation=seed,
                elements=", ".join(sorted(ELEMENTS)),
                complaint=complaint,
            )
            try:
                data = await self._renderer.render(asked.value, size)
            except DrawingError as error:
                complaint = str(error)
                continue
            facts = {"model": asked.model, "seed": seed, "versions": self._renderer.versions}
            return Picture(data=with_source(data, asked.value), facts=facts)
        msg = f"{asked.model!r} drew what cannot be rendered: {complaint}. Reword the prompt."
        raise GeneratorError(msg)


def open_backend(argument: str = "", spec: GeneratorSpec | None = None) -> SvgGenerator:
    """Open the illustrator; its options are those of the chat model.

    Raises:
        ConfigError: an option cannot have its value, or the renderer is not installed.
    """
    name = f"svg:{argument}" if argument else "svg"
    return SvgGenerator(name, chat_model(argument, spec or GeneratorSpec(name=name)))


def chat_model(argument: str, spec: GeneratorSpec) -> ModelSpec:
    """Return the chat model that draws, over that of the run.

    Raises:
        ConfigError: an option cannot have its value.
    """
    options = {name: value for name, value in spec.options.items() if name in _OPTIONS}
    try:
        return ModelSpec.model_validate({"mllm": argument or None, "mllm_url": spec.url, **options})
    except ValidationError as error:
        problem = error.errors()[0]
        msg = f"The option {problem['loc'][0]} of svg cannot be so: {problem['msg']}."
        raise ConfigError(msg) from error


def _size(request: GenerateRequest) -> tuple[int, int]:
    """Return the width and height in pixels, from the size or the ratio asked for."""
    if request.size:
        if max(request.size) > _MOST:
            msg = f"The generator svg draws {_MOST} pixels a side at most; ask for a smaller size."
            raise BadRequestError(msg)
        return request.size
    width, _, height = request.ratio.partition(":")
    side = (float(width) / float(height)) ** 0.5 if height else 1.0
    return max(1, min(_MOST, round(_SIDE * side))), max(1, min(_MOST, round(_SIDE / side)))
