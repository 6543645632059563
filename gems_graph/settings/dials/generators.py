"""How the generator draws."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gems_graph.settings.credentials import OpenText, PlainFields
from gems_graph.settings.dials.base import Dials


class GeneratorDials(Dials):
    """How the generator draws."""

    negative: OpenText = Field(
        default="",
        max_length=4000,
        description="What must not be seen, for generators that take a negative prompt.",
    )
    ratio: str = Field(
        default="",
        pattern=r"^([1-9]\d?:[1-9]\d?)?$",
        description="Width to height, as in 16:9, for generators that take a ratio; `size` wins.",
    )
    steps: int | None = Field(
        default=None, ge=1, le=1000, description="Steps of denoising; none: the generator's own."
    )
    guidance: float | None = Field(
        default=None,
        ge=0,
        le=100,
        description="How closely the prompt is followed; none: the generator's own.",
    )
    variations: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Pictures of the prompt of each round, from one seed on; the one that most "
        "criteria hold for is the round's.",
    )
    edit: bool = Field(
        default=False,
        description="From round 2 on, change the picture before as the Refiner says, instead of "
        "drawing a new one (the paper); for generators that edit.",
    )
    picture_format: Literal["webp", "png"] = Field(
        default="webp",
        description="How pictures are kept that a generator does not encode itself; both lose "
        "nothing, webp is faster and smaller.",
    )
    metadata: bool = Field(
        default=True,
        description="Pictures in output folders carry request, prompt, seed, models, dials and "
        "verdict; off: nothing but pixels.",
    )
    generator_options: PlainFields = Field(
        default={},
        description="What the generator takes beside prompt, seed and size, for example "
        '{"steps": 8}; null takes one back.',
    )
    generator_concurrency: int | None = Field(
        default=None,
        ge=1,
        le=256,
        description="Pictures that one generator draws at a time; none: as `concurrency`.",
    )
    generator_price: float | None = Field(
        default=None, ge=0, description="Price of one picture; none: as in `prices`."
    )
    generator_notes: str | None = Field(
        default=None,
        max_length=2000,
        description="How to address the generator, for Planner and Refiner: your words, or the "
        "name of a known one (z-image-turbo, qwen-image, ...); none: what it declares; empty: "
        "nothing.",
    )
    reseed: bool = Field(
        default=True,
        description="Each round draws with the next seed; off: the same noise each round.",
    )
