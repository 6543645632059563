"""The network of `mini` as a model of diffusers; this file and model.py lie in the folder."""

from __future__ import annotations

from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor

from .model import TinyT2I  # noqa: TID252 - wherever the two lie


class MiniTransformer(ModelMixin, ConfigMixin):
    """Predicts the clean picture behind a noised one; the network is the one that was trained."""

    _no_split_modules = ("Block",)

    @register_to_config
    def __init__(self, width: int = 192, depth: int = 6, heads: int = 3, text_depth: int = 2,
                 neck: int = 128) -> None:  # fmt: skip
        super().__init__()
        self.net = TinyT2I(width, depth, heads, text_depth, neck)

    def forward(self, noised: Tensor, time: Tensor, ids: Tensor, *, finished: bool) -> Tensor:
        """Predict pictures (B, 3, 96, 96) for tokens (B, L) at times (B,), 0 noise and 1 clean."""
        predicted: Tensor = self.net(noised, time, ids, len(noised) if finished else 0)
        return predicted
