"""A diffusers pipeline that the caller loaded, as a generator: arguments by its signature."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from gems_graph.generators.function import FunctionGenerator
from gems_graph.generators.request import GenerateRequest, Picture, Progress

_FILLED = {
    "generator", "output_type", "return_dict", "num_images_per_prompt", "callback_on_step_end",
    "callback_on_step_end_tensor_inputs",
}  # fmt: skip


class _StoppedError(Exception):
    """Ends a pipeline at its next step; nobody waits for it any more."""


class PipelineGenerator(FunctionGenerator):
    """A pipeline, or a `functools.partial` of one that holds its steps and guidance.

    It draws in one thread, since pipelines keep state, and stops at the next step when a run is
    cancelled. Seeds are those of a generator on the processor, the same on every device.

    Args:
        pipeline: loaded, on its device.
        options: arguments of its call, such as `num_inference_steps`.
    """

    def __init__(self, pipeline: Any, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(pipeline, options)
        self._reports = self._by_name("callback_on_step_end")
        taken = self.capabilities.options
        names = taken if taken == "any" else [name for name in taken if name not in _FILLED]
        self.capabilities = replace(
            self.capabilities, seeds=self._takes("generator"), progress=self._reports, options=names
        )

    async def generate(self, request: GenerateRequest) -> list[Picture]:
        """Draw one picture."""
        positional, named = self._arguments(request)
        named.pop("seed", None)
        stop = threading.Event()
        if self._reports:
            named["callback_on_step_end"] = _step(stop, request.progress)
        try:
            drawn = await self._in_thread(partial(self._draw, request.seed, positional, named))
        except asyncio.CancelledError:
            stop.set()
            raise
        return [Picture(data=drawn)]

    def _draw(self, seed: int, positional: list[str], named: dict[str, Any]) -> Any:
        import torch  # late: whoever brings a pipeline has it

        if self.capabilities.seeds:
            named["generator"] = torch.Generator("cpu").manual_seed(seed)
        return self.given(*positional, **named)


def is_pipeline(given: object) -> bool:
    """Tell whether an object is a diffusers pipeline, without importing diffusers."""
    if isinstance(given, partial):
        return is_pipeline(given.func)
    return hasattr(given, "components") and hasattr(type(given), "from_pretrained")


def _step(stop: threading.Event, progress: Progress) -> Callable[..., dict[str, Any]]:
    def on_step(pipeline: Any, index: int, time: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        if stop.is_set():
            raise _StoppedError
        progress(index + 1, int(getattr(pipeline, "num_timesteps", None) or index + 1))
        return tensors  # not None, which pipelines cannot read

    return on_step
