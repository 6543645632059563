"""What models and generators cost: a packaged table, and the user's own prices above it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from gems_graph.settings.generator import GeneratorSpec


class Price(BaseModel):
    """Prices of one model or generator; tokens per million, pictures each."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    input: float = Field(default=0, ge=0)
    output: float = Field(default=0, ge=0)
    cached: float | None = Field(default=None, ge=0, description="None: as input.")
    image: float = Field(default=0, ge=0)

    def of(self, input_tokens: int, output_tokens: int, cached_tokens: int = 0) -> float:
        """Return the price of a chat call; cached tokens are part of the input."""
        cached = self.input if self.cached is None else self.cached
        fresh = max(0, input_tokens - cached_tokens)
        return (fresh * self.input + cached_tokens * cached + output_tokens * self.output) / 1e6


def price_of(player: str | GeneratorSpec, user_prices: Mapping[str, Price]) -> Price | None:
    """Return the price of a model or generator by name, with or without its provider.

    Args:
        player: a name as in the settings, for example `openai:gpt-5`; or a generator, whose own
            price wins over every table.
        user_prices: the user's prices, which win over the packaged table.
    """
    if isinstance(player, GeneratorSpec) and player.price is not None:
        return Price(image=player.price)
    name = player.name if isinstance(player, GeneratorSpec) else player
    bare = name.partition(":")[2] or name
    for table in (user_prices, _PACKAGED):
        for key in (name, bare, name.partition(":")[0]):
            if key in table:
                return table[key]
    return None


def _packaged() -> dict[str, Price]:
    text = (Path(__file__).parent / "prices.toml").read_text(encoding="utf-8")
    return {name: Price(**price) for name, price in tomllib.loads(text)["prices"].items()}


_PACKAGED = _packaged()  # with the module: later it would be read on somebody's event loop
