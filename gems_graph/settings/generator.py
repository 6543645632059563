"""Which image generator draws, how it is called, and what a generator can say of itself."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from gems_graph.settings.credentials import OpenText, PlainFields


class GeneratorSpec(BaseModel):
    """An image generator and how it is called: plain JSON without credentials."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False
    )

    name: OpenText = Field(min_length=1, description="Name of the backend, `NAME[:ARGUMENT]`.")
    url: OpenText | None = Field(default=None, description="Address of its server.")
    options: PlainFields = Field(
        default={}, description="What the backend takes: steps, guidance, device, ..."
    )
    concurrency: int | None = Field(
        default=None, ge=1, le=256, description="Pictures at a time; none: as other servers."
    )
    price: float | None = Field(default=None, ge=0, description="Price of one picture.")

    @property
    def members(self) -> list[GeneratorSpec]:
        """The generators of a chain `a,b` in the order in which they are asked; or just this one.

        Address, options and limits are the first one's; the others are opened by their names.
        """
        first, *others = _members(self.name)
        if not others:
            return [self]
        return [self.model_copy(update={"name": first}), *(GeneratorSpec(name=o) for o in others)]

    @property
    def identity(self) -> str:
        """What opens this generator and no other, as JSON; limits and price do not."""
        return json.dumps(self.model_dump(include={"name", "url", "options"}), sort_keys=True)

    @property
    def request(self) -> list[str]:
        """What it adds to the key of a call beside its name; empty without URL and options."""
        return [self.identity] if self.url or self.options else []

    def as_dials(self) -> dict[str, object]:
        """Return the settings that name this generator, without those that it leaves open."""
        fields = self.model_dump(exclude_none=True, exclude_defaults=True)
        name = fields.pop("name")
        return {
            "generator": name,
            **{f"generator_{field}": value for field, value in fields.items()},
        }


def _members(name: str) -> list[str]:
    """Split `a,b`; a comma in what asks an address for something is the address's."""
    members: list[str] = []
    for part in name.split(","):
        whole = members and ("?" in members[-1] or re.match(r"https?://", part.strip()))
        if members and (whole or not re.match(r"\s*[a-z][\w-]*\s*(:|$)", part)):
            members[-1] += f",{part}"
        else:
            members.append(part.strip())
    return members


@dataclass(frozen=True)
class Capabilities:
    """What a generator declares of itself, as its attribute `capabilities`.

    Attributes:
        sizes: it draws the size that it is given.
        grid: pixels that width and height must be multiples of.
        seeds: another seed makes another picture.
        ratios: it draws the ratio that it is given, where no size is.
        negative: it takes a negative prompt.
        steps: it takes a number of steps.
        guidance: it takes a scale of guidance.
        edits: pictures to go by or to edit that it takes at most; 0: none.
        edits_only: it draws nothing without one.
        n: pictures of one prompt that it draws at most in one call that is paid as one.
        repeatable: the same request gives the same bytes in a fresh process.
        progress: it calls `progress` with the steps done and the steps in all.
        black: it may rightly draw a picture that is all black; of others that is an error.
        options: names of the options that it takes; "any" where it hands them on.
        concurrency: pictures that it can draw at a time; None: as many as it is asked for.
        notes: how it likes to be addressed (length limit, prose or tags, language, negative
            prompt or none), for whoever writes its prompts.
    """

    sizes: bool = True
    grid: int = 1
    seeds: bool = True
    ratios: bool = False
    negative: bool = False
    steps: bool = False
    guidance: bool = False
    edits: int = 0
    edits_only: bool = False
    n: int = 1
    repeatable: bool = False
    progress: bool = False
    black: bool = False
    options: Collection[str] | Literal["any"] = ()
    concurrency: int | None = None
    notes: str = ""
