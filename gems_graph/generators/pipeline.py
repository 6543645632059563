"""A diffusers pipeline as a generator: arguments by its signature, one thread for its calls."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from gems_graph.errors import ConfigError
from gems_graph.generators.diffusion.arguments import Model, arguments
from gems_graph.generators.diffusion.batch import Batch
from gems_graph.generators.diffusion.facts import device_of, facts_of, model_of
from gems_graph.generators.diffusion.form import CallForm
from gems_graph.generators.diffusion.presets import Preset
from gems_graph.generators.diffusion.tokens import note_on_length
from gems_graph.generators.diffusion.worker import Worker
from gems_graph.generators.function import name_of
from gems_graph.generators.request import GenerateRequest, Picture


class PipelineGenerator:
    """A pipeline, or a `functools.partial` of one that holds its steps and guidance.

    It draws in one thread, since pipelines keep state, and stops at the next step when a run is
    cancelled. Seeds are those of a generator on the processor, the same on every device. Pictures
    to go by are given to the pipeline itself or, if it takes none, to its sibling for redrawing.

    Args:
        given: a loaded pipeline, on its device.
        options: arguments of its call, such as `num_inference_steps`.
        worker: of the pipeline, where it has one already.
        preset: what of it is known beforehand: the usual size, and sizes for ratios.

    Raises:
        ConfigError: the partial holds an argument that the pipeline does not know.
    """

    def __init__(
        self,
        given: Any,
        options: Mapping[str, Any] | None = None,
        *,
        worker: Worker | None = None,
        preset: Preset | None = None,
    ) -> None:
        self.given, self.name = given, name_of(given)
        pipeline, kept = _taken_apart(given)
        self._worker = worker or Worker(lambda: pipeline)
        self._given = {**kept, **(options or {})}
        self._preset, self._form = preset, CallForm.of(type(pipeline))
        _check_names(self.name, self._form, self._given)
        self.capabilities = self._form.capabilities(
            grid=model_of(pipeline).grid,
            redraws=self._worker.redrawer is not None,
            repeatable=device_of(pipeline) == "cpu",
            notes=preset.notes if preset else "",
        )

    def with_options(self, options: Mapping[str, Any]) -> PipelineGenerator:
        """Return the same generator, thread and all, that gives these options as well."""
        return PipelineGenerator(
            self.given,
            {**self._given, **options},
            worker=self._worker,
            preset=self._preset,
        )

    async def generate(self, request: GenerateRequest) -> list[Picture]:
        """Draw `request.n` pictures, as many at a time as the device has memory for.

        Raises:
            BadRequestError: it can draw nothing of the kind, or not in that size.
            NoMemoryError: not even one picture fits.
        """
        return await self._worker.run(partial(self._draw, request))

    async def aclose(self) -> None:
        """Do nothing: the pipeline is the caller's."""

    def _draw(self, request: GenerateRequest, stop: threading.Event) -> list[Picture]:
        """Draw in the thread of the worker."""
        started = time.monotonic()
        pipeline, model = self._player(request)
        call = arguments(model, request, self._given)
        if note := note_on_length(pipeline, model.form, call.named):
            call.notes.append(note)
        seeds = [request.seed + k for k in range(request.n)]
        batch = Batch(pipeline, model.form, call.named, seeds, request.progress, stop)
        pictures = batch.draw()
        facts = facts_of(pipeline, model.form, call)
        facts |= {"batch": batch.most, "seconds": round(time.monotonic() - started, 3)}
        return [
            Picture(data=picture, facts={**facts, "seed": seed})
            for picture, seed in zip(pictures, seeds, strict=True)
        ]

    def _player(self, request: GenerateRequest) -> tuple[Any, Model]:
        """Return who draws, the pipeline or its sibling, and how that is called."""
        worker = self._worker
        pipeline = worker.pipeline
        if request.images and not self._form.picture and worker.redrawer is not None:
            pipeline = worker.redrawer
        model = model_of(pipeline)
        if self._preset:
            model = replace(model, size=self._preset.size, sizes=self._preset.sizes)
        return pipeline, model


def is_pipeline(given: object) -> bool:
    """Tell whether an object is a diffusers pipeline, without importing diffusers."""
    if isinstance(given, partial):
        return is_pipeline(given.func)
    return hasattr(given, "components") and hasattr(type(given), "from_pretrained")


def _taken_apart(given: Any) -> tuple[Any, dict[str, Any]]:
    """Return a pipeline, and the arguments that a partial of it holds."""
    if not isinstance(given, partial):
        return given, {}
    if given.args:
        msg = (
            f"The partial of {name_of(given)!r} must name its arguments: partial(..., name=value)."
        )
        raise ConfigError(msg)
    pipeline, kept = _taken_apart(given.func)
    return pipeline, {**kept, **given.keywords}


def _check_names(name: str, form: CallForm, given: Mapping[str, Any]) -> None:
    unknown = [n for n in given if not form.takes(n) and not form.takes("kwargs")]
    if unknown:
        msg = f"The call of {name!r} takes no {unknown[0]!r}: leave it out."
        raise ConfigError(msg)
