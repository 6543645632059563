"""The generator `mini` as a pipeline of diffusers: this file lies in the folder, with the weights.

Words, times and noise are those of `gems_graph.mini`, so that a prompt and a seed give the same
picture here and there. The steps are those of diffusers' own flow-matching scheduler.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from diffusers import DiffusionPipeline, FlowMatchEulerDiscreteScheduler, ImagePipelineOutput
from torch import Tensor

from gems_graph.mini.generator import enlarged
from gems_graph.mini.net import CLEAR_FROM
from gems_graph.mini.sampling import GUIDANCE, GUIDED_UNTIL, STEPS, noise
from gems_graph.mini.words import NULL, PAD, encode, tokenise

OnStep = Callable[[Any, int, Tensor, dict[str, Tensor]], dict[str, Tensor]]


class MiniPipeline(DiffusionPipeline):
    """Draws pictures of the small illustrated world.

    Args:
        transformer: a `MiniTransformer`.
        scheduler: with the shift that the generator `mini` walks with.
    """

    model_cpu_offload_seq = "transformer"

    def __init__(self, transformer: Any, scheduler: FlowMatchEulerDiscreteScheduler) -> None:
        super().__init__()
        self.register_modules(transformer=transformer, scheduler=scheduler)

    @torch.no_grad()
    def __call__(
        self,
        prompt: str,
        num_inference_steps: int = STEPS,
        guidance_scale: float = GUIDANCE,
        num_images_per_prompt: int = 1,
        generator: torch.Generator | list[torch.Generator] | None = None,
        callback_on_step_end: OnStep | None = None,
        return_dict: bool = True,
    ) -> Any:
        """Draw pictures of 480 x 480 pixels.

        Args:
            prompt: words of the small world, at most 40.
            num_inference_steps: of the walk from noise to picture.
            guidance_scale: how closely the words are followed while the layout is open.
            num_images_per_prompt: how many.
            generator: one a picture; its initial seed is the picture's.
            callback_on_step_end: told after every step.
            return_dict: an `ImagePipelineOutput`, else a tuple.
        """
        ids = self._ids(prompt, num_images_per_prompt)
        picture = self._noise(_seeds(generator, num_images_per_prompt))
        self.scheduler.set_timesteps(
            sigmas=np.linspace(1, 1 / num_inference_steps, num_inference_steps),
            device=self._execution_device,
        )
        for index, step in enumerate(self.scheduler.timesteps):
            sigma = float(self.scheduler.sigmas[index])
            clean = self._predict(picture, 1 - sigma, ids, guidance_scale)
            velocity = (picture - clean) / sigma
            picture = self.scheduler.step(velocity, step, picture, return_dict=False)[0]
            if callback_on_step_end:
                callback_on_step_end(self, index, step, {"latents": picture})
        self.maybe_free_model_hooks()
        images = [enlarged(pixels) for pixels in _pixels(picture)]
        return ImagePipelineOutput(images=images) if return_dict else (images,)

    @property
    def num_timesteps(self) -> int:
        """How many steps the current walk has."""
        return len(self.scheduler.timesteps)

    def _ids(self, prompt: str, count: int) -> Tensor:
        """Return the tokens of the prompt, and below them those of no prompt."""
        words = encode(tokenise(prompt))
        rows = [words] * count + [[NULL] + [PAD] * (len(words) - 1)] * count
        return torch.tensor(rows, device=self._execution_device)

    def _noise(self, seeds: Sequence[int]) -> Tensor:
        drawn = torch.from_numpy(np.stack([noise(seed) for seed in seeds]))
        return drawn.to(self._execution_device, self.transformer.dtype)

    def _predict(self, picture: Tensor, time: float, ids: Tensor, scale: float) -> Tensor:
        count, guided = len(picture), time < GUIDED_UNTIL
        both = torch.cat([picture, picture]) if guided else picture
        times = torch.full((len(both),), time, dtype=both.dtype, device=both.device)
        clean = self.transformer(both, times, ids[: len(both)], finished=time >= CLEAR_FROM)
        if not guided:
            return clean
        worded, free = clean[:count], clean[count:]
        far = free + scale * (worded - free)
        mean = far.mean((2, 3), keepdim=True)
        contrast = worded.std((1, 2, 3), keepdim=True) / far.std((1, 2, 3), keepdim=True)
        return (mean + contrast * (far - mean)).clamp(-1.1, 1.1)


def _seeds(given: torch.Generator | list[torch.Generator] | None, count: int) -> list[int]:
    """Return the seeds of generators; a single one is the first of as many as are needed."""
    if isinstance(given, list):
        return [generator.initial_seed() for generator in given]
    first = (given or torch.Generator()).initial_seed()
    return list(range(first, first + count))


def _pixels(picture: Tensor) -> np.ndarray:
    levels = (picture.float().clamp(-1, 1) + 1) * 127.5 + 0.5
    return levels.to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
