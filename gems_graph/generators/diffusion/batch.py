"""Pictures of one prompt in as few calls of a pipeline as its memory allows."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gems_graph.errors import BadRequestError, GeneratorError, NoMemoryError
from gems_graph.generators.diffusion.form import CallForm
from gems_graph.generators.request import Progress
from gems_graph.settings.redaction import shortened

_DENOISERS = ("transformer", "unet", "prior")


class StoppedError(Exception):
    """Ends a pipeline at its next step; nobody waits for it any more."""


@dataclass
class Batch:
    """A call of a pipeline for several seeds; `draw` is called in the pipeline's own thread.

    Attributes:
        pipeline: loaded.
        form: of its call.
        named: arguments, the same for every picture.
        seeds: one a picture.
        progress: told of each step.
        stop: set when nobody waits any more.
        most: pictures that it drew at a time, at most.
    """

    pipeline: Any
    form: CallForm
    named: Mapping[str, Any]
    seeds: Sequence[int]
    progress: Progress
    stop: threading.Event
    most: int = 0
    _steps: int = field(default=0, init=False)

    def draw(self) -> list[Any]:
        """Return a picture for each seed.

        Raises:
            BadRequestError: the pipeline refuses its arguments.
            NoMemoryError: not even one picture fits.
            StoppedError: nobody waits any more.
        """
        pictures: list[Any] = []
        self.most = len(self.seeds) if self.form.batches else 1
        while len(pictures) < len(self.seeds):
            seeds = self.seeds[len(pictures) : len(pictures) + self.most]
            drawn, failure = self._try(seeds)
            if failure and len(seeds) == 1:
                msg = (
                    f"The device has too little memory for one picture ({failure}): set a smaller "
                    "size, or the options offload, quantization or tiling."
                )
                raise NoMemoryError(msg)
            if failure:
                self.most = (len(seeds) + 1) // 2
            pictures += drawn
        return pictures

    def _try(self, seeds: Sequence[int]) -> tuple[list[Any], str]:
        """Return pictures, or what the device said when it was out of memory."""
        try:
            return self._call(seeds), ""
        except ValueError as error:  # of a pipeline's own checks of its arguments
            msg = f"{self.form.name} does not draw this: {shortened(str(error), 300)}"
            raise BadRequestError(msg) from error
        except Exception as error:
            if not out_of_memory(error):
                raise
            failure = str(error).partition("\n")[0].rstrip(".")
        free_memory()  # now that no traceback holds what the call had put there
        return [], failure

    def _call(self, seeds: Sequence[int]) -> list[Any]:
        import torch  # late: whoever has a pipeline has it

        named = dict(self.named)
        if self.form.takes("generator"):  # on the processor: the same noise for every device
            noise = [torch.Generator("cpu").manual_seed(seed) for seed in seeds]
            named["generator"] = noise if len(noise) > 1 else noise[0]
        if self.form.batches:
            named["num_images_per_prompt"] = len(seeds)
        remove = self._watch(named)
        try:
            with torch.inference_mode():
                output = self.pipeline(**named)
        finally:
            remove()
            if free := getattr(self.pipeline, "maybe_free_model_hooks", None):
                free()  # the pipeline itself does so only when it ends well
        return _pictures(output, self.form, len(seeds))

    def _watch(self, named: dict[str, Any]) -> Callable[[], None]:
        """Have each step looked at; return what ends that."""
        if self.form.reports:
            named["callback_on_step_end"] = self._on_step
            return lambda: None
        for name in _DENOISERS:
            if model := getattr(self.pipeline, name, None):
                handle = model.register_forward_pre_hook(lambda *_: self._check())
                remove: Callable[[], None] = handle.remove
                return remove
        return lambda: None

    def _on_step(self, pipeline: Any, index: int, _time: Any, tensors: Any) -> Any:
        self._check()
        self._steps += 1
        a_call = int(getattr(pipeline, "num_timesteps", None) or index + 1)
        calls = -(-len(self.seeds) // self.most)
        self.progress(min(self._steps, a_call * calls), a_call * calls)
        return tensors  # not None, which pipelines cannot read

    def _check(self) -> None:
        if self.stop.is_set():  # a pipeline's own way to stop still decodes a half-done picture
            raise StoppedError


def out_of_memory(error: Exception) -> bool:
    """Tell whether a device, or the processor, was out of memory."""
    if type(error).__name__ == "OutOfMemoryError":
        return True
    text = str(error)
    return isinstance(error, RuntimeError) and (
        "out of memory" in text or "can't allocate memory" in text
    )


def free_memory() -> None:
    """Give back what the allocators of devices keep for later."""
    import torch

    gc.collect()
    for device in (torch.cuda, torch.mps, torch.xpu):
        if device.is_available():
            device.empty_cache()


def _pictures(output: Any, form: CallForm, count: int) -> list[Any]:
    pictures = getattr(output, "images", None)
    if pictures is None or len(pictures) != count:
        found = "none" if pictures is None else str(len(pictures))
        msg = f"{form.name} was asked for {count} pictures and returned {found}: name another."
        raise GeneratorError(msg)
    return list(pictures)
