"""What the call of a pipeline takes, by its signature."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gems_graph.settings.generator import Capabilities

_FILLED = {
    "self", "args", "kwargs", "prompt", "height", "width", "generator", "output_type",
    "return_dict", "num_images_per_prompt", "callback_on_step_end",
    "callback_on_step_end_tensor_inputs", "callback", "callback_steps", "latents",
}  # fmt: skip
_PICTURES = ("image", "images", "input_images")
_MOST_PICTURES = 16
_SEVERAL = ("Plus", "Flux2", "OmniGen")  # others take a list of pictures for a batch of requests


@dataclass(frozen=True)
class CallForm:
    """The form of a pipeline's call.

    Attributes:
        name: of its class.
        parameters: of its call.
    """

    name: str
    parameters: Mapping[str, inspect.Parameter]

    @classmethod
    def of(cls, pipeline_class: type) -> CallForm:
        """Return the form of the calls of a class."""
        signature = inspect.signature(pipeline_class.__call__)
        return cls(pipeline_class.__name__, signature.parameters)

    def takes(self, name: str) -> bool:
        """Tell whether it has a parameter of that name."""
        return name in self.parameters

    def default(self, name: str) -> Any:
        """Return the value of a parameter that is not given; None: there is none."""
        parameter = self.parameters.get(name)
        return (
            None
            if parameter is None or parameter.default is parameter.empty
            else (parameter.default)
        )

    @property
    def picture(self) -> str:
        """The name of the parameter that takes pictures; empty: it takes none."""
        return next((name for name in _PICTURES if self.takes(name)), "")

    @property
    def follows(self) -> bool:
        """Whether its prompt can be an instruction about the picture that it is given."""
        return bool(self.picture) and not self.takes("strength")

    @property
    def several(self) -> bool:
        """Whether it puts several pictures into one."""
        return self.picture.endswith("s") or any(word in self.name for word in _SEVERAL)

    @property
    def needs_picture(self) -> bool:
        """Whether it draws nothing without a picture to begin with."""
        parameter = self.parameters.get(self.picture)
        if parameter is None:
            return False
        required = parameter.default is parameter.empty
        return required or self.takes("strength") or "Edit" in self.name

    @property
    def batches(self) -> bool:
        """Whether one call draws several pictures of a prompt."""
        return self.takes("num_images_per_prompt")

    @property
    def reports(self) -> bool:
        """Whether it calls back at each step."""
        return self.takes("callback_on_step_end")

    @property
    def options(self) -> list[str]:
        """Names of the parameters that an option in JSON may fill."""
        filled = {*_FILLED, self.picture}
        return [n for n in self.parameters if n not in filled and "embeds" not in n]

    def guidance(self, distilled: bool) -> str:
        """Return the parameter that sets how closely the prompt is followed; empty: none.

        Args:
            distilled: the model takes guidance as an input, as `guidance_scale`.
        """
        names = ["guidance_scale", "distilled_guidance_scale"]
        names.insert(1 if distilled else 0, "true_cfg_scale")
        return next((name for name in names if self.takes(name)), "")

    def capabilities(
        self, *, grid: int, redraws: bool, repeatable: bool, notes: str
    ) -> Capabilities:
        """Return what such a pipeline can do.

        Args:
            grid: pixels that its sizes are multiples of.
            redraws: a sibling with the same weights takes the pictures that it does not.
            repeatable: its device gives the same bytes again.
            notes: on how to address the model.
        """
        pictures = _MOST_PICTURES if self.several else int(bool(self.picture) or redraws)
        return Capabilities(
            sizes=self.takes("height"),
            grid=grid,
            seeds=self.takes("generator"),
            ratios=self.takes("height"),
            negative=self.takes("negative_prompt"),
            steps=self.takes("num_inference_steps"),
            guidance=bool(self.guidance(distilled=False)),
            edits=pictures,
            edits_only=self.needs_picture,
            n=64,
            repeatable=repeatable,
            progress=self.reports,
            options=self.options,
            concurrency=1,
            notes=notes,
        )
