"""The dials of a run, each with its description, default and bounds."""

from __future__ import annotations

import os
import re
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from gems_graph.settings.credentials import OpenFields, OpenText, PlainFields
from gems_graph.settings.generator import GeneratorSpec
from gems_graph.settings.presets import Preset
from gems_graph.settings.prices import Price
from gems_graph.settings.roles import ModelSpec, Role

Memory = Literal["none", "feedback", "images", "thought", "experience"]


def _size(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"[1-9]\d{1,4}x[1-9]\d{1,4}", value):
        msg = "write it as WIDTHxHEIGHT in pixels, for example 1024x1024"
        raise ValueError(msg)
    return value


def _folders(value: object) -> object:
    return value.split(os.pathsep) if isinstance(value, str) else value


class Settings(BaseModel):
    """Every dial of a run; no secrets, so that it can be kept with the trajectory."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    preset: Preset = Field(
        default="paper",
        description="Named set of dials: the paper, the authors' code, the ablations of Fig. 4; "
        "dials set beside it win.",
    )
    strategy: str = Field(
        default="gems", min_length=1, description="How pictures are made; `gems` is the paper's."
    )
    mllm: str = Field(
        default="mini",
        min_length=1,
        description="Chat model for all roles: `mini` (offline, rule-based), `compat:MODEL` "
        "(any OpenAI-compatible server) or `provider:model` of LangChain.",
    )
    mllm_url: OpenText | None = Field(
        default=None, description="Base URL for `compat:`, for example http://localhost:8000/v1."
    )
    temperature: float | None = Field(
        default=None, ge=0, le=2, description="Sampling temperature; none: the server's own."
    )
    max_tokens: int | None = Field(
        default=None, ge=1, description="Tokens of one answer at most; none: the server's own."
    )
    extra_body: OpenFields | None = Field(
        default=None, description="More fields for the body of a chat request (compat, openai)."
    )
    roles: dict[Role, ModelSpec] = Field(
        default={},
        description="Another model for a role of the strategy (planner, decomposer, verifier, "
        "refiner, compressor in GEMS) or for the judge: its name, or mllm, mllm_url, temperature, "
        "max_tokens, extra_body.",
    )
    structured: Literal["auto", "plain"] = Field(
        default="auto",
        description="`auto`: send the JSON schema of an answer to servers that take it; `plain`: "
        "ask in words only.",
    )
    logprobs: Literal["auto", "off"] = Field(
        default="auto", description="Ask the Verifier's server for log-probabilities, for p(yes)."
    )
    verify: Literal["per-criterion", "batched"] = Field(
        default="per-criterion",
        description="`per-criterion`: one probe a call, at once (the paper); `batched`: one call "
        "for all, doubtful ones asked again alone.",
    )
    tie_break: Literal["first", "p_yes"] = Field(
        default="first",
        description="Of rounds with equally many passes: the first (the paper), or the one with "
        "the highest geometric mean of p(yes).",
    )
    generator: OpenText = Field(
        default="mini",
        min_length=1,
        description="Image generator: `mini` (offline, coloured shapes) or `http:URL`.",
    )
    generator_url: OpenText | None = Field(
        default=None, description="Address of the generator's server, where its name has none."
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
    size: Annotated[str | None, BeforeValidator(_size)] = Field(
        default=None, description="Picture size as WIDTHxHEIGHT; none: the generator's own."
    )
    seed: int | None = Field(
        default=None,
        ge=0,
        lt=2**31,
        description="Seed of the first round; none: drawn at random and recorded.",
    )
    reseed: bool = Field(
        default=True, description="Round i draws with seed + i - 1; off: the same noise each round."
    )
    max_iterations: int = Field(
        default=5, ge=1, le=50, description="Rounds at most, each one image (N_max)."
    )
    max_skills: int = Field(default=1, ge=0, le=8, description="Skills the Planner may pick.")
    enhance: bool = Field(
        default=False,
        description="The Planner rewrites the request also when no skill is picked (the other "
        "reading of section 3.1).",
    )
    max_criteria: int = Field(
        default=20, ge=1, le=100, description="Criteria kept from the Decomposer at most."
    )
    order: Literal["paper", "reference"] = Field(
        default="paper",
        description="`paper`: refine with M_{i-1} beside compressing (Eq. 6, 7); `reference`: "
        "compress first, then refine with M_i (the authors' code).",
    )
    memory: Memory = Field(
        default="experience",
        description="What is remembered of earlier rounds: nothing; prompt and feedback; plus "
        "images; plus raw thought, or plus experience instead (Fig. 4 right, I to IV).",
    )
    show_passes: bool = Field(
        default=True,
        description="The Refiner sees what passed, regressions and the best attempt; off: failures "
        "only.",
    )
    show_thought: bool = Field(default=True, description="The Refiner sees T_i (Eq. 6).")
    show_skills: bool = Field(
        default=True, description="The Refiner sees the instructions of the picked skills."
    )
    compressor_sees: Literal["memory", "experiences"] = Field(
        default="memory",
        description="Of the past, the Compressor sees M_{i-1} (Eq. 7) or only its experiences.",
    )
    experience_words: int = Field(
        default=100, ge=10, le=1000, description="Length of an experience, in words at most."
    )
    history_tokens: int = Field(
        default=16_000,
        ge=500,
        le=1_000_000,
        description="Text of all attempts shown to Refiner and Compressor, in tokens at most; the "
        "oldest give way, whole parts first.",
    )
    history_pictures: int = Field(
        default=3, ge=0, le=50, description="Pictures of earlier rounds shown beside the last one."
    )
    stagnation: int = Field(
        default=0,
        ge=0,
        le=50,
        description="Rounds without a better verdict before a restart; 0: never.",
    )
    on_stagnation: Literal["best", "reseed"] = Field(
        default="best",
        description="`best`: refine the best attempt instead of the last; `reseed`: draw its "
        "prompt again with another seed.",
    )
    vision_max_side: int = Field(
        default=560, ge=64, le=4096, description="Longest side of a picture shown to a model (px)."
    )
    vision_format: Literal["jpeg", "png", "webp"] = Field(
        default="jpeg",
        description="How pictures are sent to models; small exact PNGs stay as they are.",
    )
    history_max_side: int = Field(
        default=280, ge=32, le=4096, description="The same for pictures of earlier rounds (px)."
    )
    prompts: str | None = Field(
        default=None, description="Folder whose prompt templates override the packaged ones."
    )
    skills: Annotated[list[str], BeforeValidator(_folders)] = Field(
        default=[], description="Folders of more skills; a later one wins over a name before it."
    )
    local_skills: bool = Field(
        default=True,
        description="Also use the skills in ~/.config/gems/skills and in .gems/skills of the "
        "project.",
    )
    skill_criteria: bool = Field(
        default=True, description="Picked skills may add criteria of their own."
    )
    manifest_tokens: int = Field(
        default=4000,
        ge=100,
        le=1_000_000,
        description="Names and descriptions of skills shown to the Planner, in tokens at most; of "
        "more, those that fit the request best.",
    )
    attempts: int = Field(
        default=3, ge=1, le=10, description="Times a model is asked before its answer is given up."
    )
    retries: int = Field(
        default=4, ge=0, le=20, description="Times a call is repeated after a passing failure."
    )
    retry_wait: float = Field(
        default=1.0, ge=0, le=60, description="Seconds before the first repeat; doubles each time."
    )
    call_timeout: float = Field(
        default=180, gt=0, le=7200, description="Seconds one chat call may take."
    )
    image_timeout: float = Field(
        default=600, gt=0, le=7200, description="Seconds one image may take."
    )
    concurrency: int = Field(
        default=16, ge=1, le=256, description="Calls to one server at a time, over all runs."
    )
    requests_per_minute: float | None = Field(
        default=None,
        gt=0,
        description="Calls to one server a minute, over all runs; none: no limit.",
    )
    max_images: int | None = Field(default=None, ge=1, description="Cap: images drawn.")
    max_calls: int | None = Field(default=None, ge=1, description="Cap: chat calls made.")
    max_tokens_total: int | None = Field(
        default=None, ge=1, description="Cap: tokens in and out, over all chat calls."
    )
    max_seconds: float | None = Field(
        default=None, gt=0, description="Cap: seconds that a trajectory works."
    )
    max_cost: float | None = Field(
        default=None, gt=0, description="Cap: money spent, in the currency of the prices (USD)."
    )
    budget: str | None = Field(
        default=None,
        min_length=1,
        description="Name of caps shared by all runs that name it, in any process under one "
        "GEMS_HOME; none: each trajectory has its own.",
    )
    prices: dict[str, Price] = Field(
        default={},
        description="Prices by model or generator name: input, output, cached per million tokens, "
        "image each; they win over the packaged table.",
    )
    pause: Literal["never", "criteria", "verdicts", "both"] = Field(
        default="never",
        description="Stop and ask a person: about the criteria, before any picture is paid; about "
        "each verdict; or both. Needs a checkpointer.",
    )
    raise_on_error: bool = Field(
        default=False,
        description="Raise what fails after an image exists, instead of returning it.",
    )

    def model_for(self, role: Role) -> ModelSpec:
        """Return the chat model of a role, with its options."""
        default = ModelSpec(
            mllm=self.mllm,
            mllm_url=self.mllm_url,
            temperature=self.temperature,
            max_tokens=self.max_tokens,
            extra_body=self.extra_body,
        )
        return self.roles[role].over(default) if role in self.roles else default

    @property
    def generator_spec(self) -> GeneratorSpec:
        """The image generator, with its options."""
        options = self.generator_options.items()
        return GeneratorSpec(
            name=self.generator,
            url=self.generator_url,
            options={name: value for name, value in options if value is not None},
            concurrency=self.generator_concurrency,
            price=self.generator_price,
        )

    @property
    def size_px(self) -> tuple[int, int] | None:
        """The picture size as (width, height) in pixels."""
        if self.size is None:
            return None
        width, _, height = self.size.partition("x")
        return int(width), int(height)
