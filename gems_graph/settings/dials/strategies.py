"""Dials of single strategies; what their authors leave open is one of them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gems_graph.settings.dials.base import Dials


class StrategyDials(Dials):
    """Dials of single strategies, named after them."""

    gems_stop_at_pass: bool = Field(
        default=True,
        description="`gems`: ends with the first picture that passes all criteria; otherwise goes "
        "on to N_max, to show what more rounds bring, and chooses that picture all the same.",
    )
    search_scoring: Literal["scalar", "listwise", "checklist"] = Field(
        default="scalar",
        description="`search` grades each picture alone (the paper names no way); all side by side "
        "in one call; or by the criteria of the Decomposer.",
    )
    search_pass: float = Field(
        default=8.0, ge=0, le=10,
        description="`search`: the grade, 0 to 10, from which a picture counts as right.",
    )  # fmt: skip
    maestro_rounds: int = Field(
        default=3, ge=1, le=25,
        description="`maestro`: rounds of two pictures; 3 as the paper reproduces it, 4 as its "
        "authors run it.",
    )  # fmt: skip
    maestro_votes: int = Field(
        default=3, ge=1, le=9,
        description="`maestro`: times that two pictures are compared, each time in both orders, "
        "every vote a call.",
    )  # fmt: skip
    maestro_drafts: int = Field(
        default=2, ge=1, le=4, description="`maestro`: passes in which the questions are written."
    )  # fmt: skip
    maestro_checks: int = Field(
        default=3, ge=0, le=9,
        description="`maestro`: checks at most of a new prompt against the questions, each mending "
        "what it finds; 0: none.",
    )  # fmt: skip
    maestro_edits: Literal["together", "each"] = Field(
        default="together",
        description="`maestro`: failed questions are worked into the prompt in one call, or in one "
        "after another.",
    )
    maestro_stagnation: int = Field(
        default=0, ge=0, le=25,
        description="`maestro`: rounds without a new best picture before it ends; 0: it never "
        "ends so.",
    )  # fmt: skip
    maestro_stop_at_pass: bool = Field(
        default=False,
        description="`maestro`: also end once the best picture passes every question.",
    )
    craft_rewrite: bool = Field(
        default=False,
        description="`craft`: the first picture is drawn from the request rewritten.",
    )
    craft_ties: Literal["latest", "earliest"] = Field(
        default="latest",
        description="`craft`: which of rounds with equally many passes is returned.",
    )
    promptist_model: str = Field(
        default="microsoft/Promptist", min_length=1,
        description="`promptist`: its model, a folder or an id on the hub.",
    )  # fmt: skip
    promptist_tokenizer: str = Field(
        default="gpt2", min_length=1,
        description="`promptist`: the tokenizer of its model, a folder or an id on the hub.",
    )  # fmt: skip
