"""A request reaches generators whole, pictures say how they were made, and bad ones are errors."""

from __future__ import annotations

import asyncio
import io
import json
import runpy
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langgraph.checkpoint.memory import InMemorySaver
from PIL import Image

from gems_graph import Store, build_graph, plugins
from gems_graph.errors import (
    BadRequestError,
    ConfigError,
    ContentRefusedError,
    GeneratorError,
    NoMemoryError,
    TransientError,
)
from gems_graph.generators import (
    Capabilities,
    GenerateRequest,
    Generator,
    Picture,
    adapt,
    close_generators,
    encode,
    open_generator,
)
from gems_graph.settings import Settings
from gems_graph.settings.generator import GeneratorSpec
from gems_graph.testing import ImageServer, ScriptedChat, check_generator, paint
from tests.conftest import criteria, verdicts

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "generator.py"


class Studio:
    """A generator in the form of the protocol that remembers its requests."""

    def __init__(
        self, name: str = "studio", fails: Exception | None = None, data: Any = None, **can: Any
    ) -> None:
        self.name, self.capabilities = name, Capabilities(**can)
        self.fails, self.data, self.requests, self.closed = fails, data, list[Any](), False

    async def generate(self, request: GenerateRequest) -> list[Picture]:
        self.requests.append(request)
        if self.fails:
            raise self.fails
        data = self.data or paint(request.prompt, request.seed, request.size or (8, 8))
        return [Picture(data=data, facts={"model": "m-1", "versions": {"studio": "2"}})]

    async def aclose(self) -> None:
        self.closed = True


def drawn(generator: Any, store: Store, **dials: Any) -> Any:
    chat = ScriptedChat(script={"decompose": criteria(1), "verify": verdicts("n", "y")})
    return build_graph(
        mllm=chat, generator=generator, store=store,
        **{"seed": 5, "retry_wait": 0, "raise_on_error": True, **dials},
    ).invoke({"prompt": "a cat"})  # fmt: skip


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Make generators open by their names, as those of an installed package do."""
    load = plugins.load

    def install(*generators: Any) -> None:
        named = {each.name: each for each in generators}

        def find(room: str, name: str, *how: str) -> Any:
            if room == "generators" and name in named:
                return lambda argument: named[name]
            return load(room, name, *how)

        monkeypatch.setattr(plugins, "load", find)

    yield install
    asyncio.run(close_generators())


# ------------------------------------------------------------------ requests


def test_a_request_reaches_the_generator_whole(store: Store) -> None:
    studio = Studio(negative=True, ratios=True, steps=True, guidance=True)
    out = drawn(studio, store, negative="fog", ratio="16:9", steps=8, guidance=0)
    first, second = studio.requests
    assert (first.prompt, first.seed, second.seed) == ("a cat", 5, 6)
    assert (first.negative, first.ratio, first.steps, first.guidance) == ("fog", "16:9", 8, 0)
    made = out["rounds"][0]["image"]["made"]
    assert made["seconds"] >= 0
    assert {**made, "seconds": 0} == {
        "generator": "studio", "model": "m-1", "versions": {"studio": "2"}, "seed": 5,
        "negative": "fog", "ratio": "16:9", "steps": 8, "guidance": 0, "repeatable": False,
        "seconds": 0,
    }  # fmt: skip
    assert not out["notes"]


def test_what_a_generator_cannot_honour_is_noted_once(store: Store) -> None:
    studio = Studio(steps=True)
    out = drawn(studio, store, negative="fog", steps=8)
    assert len(out["rounds"]) == 2
    assert out["notes"] == ["The generator 'studio' takes no `negative`; it drew without."]
    assert "negative" not in out["rounds"][1]["image"]["made"]


def test_a_function_is_given_what_it_has_names_for(store: Store) -> None:
    asked: list[Any] = []

    def draw(prompt: str, negative_prompt: str = "", num_inference_steps: int = 1) -> bytes:
        asked.append((negative_prompt, num_inference_steps))
        return paint(prompt, 1, (8, 8))

    out = drawn(draw, store, negative="fog", steps=4, guidance=2)
    assert asked[0] == ("fog", 4)
    assert out["notes"] == ["The generator 'draw' takes no `guidance`; it drew without."]
    drawn(draw, store)
    assert asked[-1] == ("", 1)


def test_http_sends_what_is_set_and_nothing_else(store: Store) -> None:
    with ImageServer() as images:
        drawn(f"http:{images.url}", store, negative="fog", ratio="16:9", steps=8, guidance=1.5)
        drawn(f"http:{images.url}", store)
    set_, *_, plain = ({k: r.get(k) for k in NEW} for r in images.requests)
    assert set_ == {"negative": "fog", "ratio": "16:9", "steps": "8", "guidance": "1.5"}
    assert plain == dict.fromkeys(NEW)


NEW = ("negative", "ratio", "steps", "guidance")


def test_the_key_of_a_call_is_that_of_its_journal_entry_and_the_same_on_resume(
    store: Store,
) -> None:
    studio = Studio()
    graph = build_graph(
        mllm=ScriptedChat(), generator=studio, store=store, checkpointer=InMemorySaver(), seed=1
    )
    config: Any = {"configurable": {"thread_id": "t"}}
    studio.fails = GeneratorError("off")
    with pytest.raises(GeneratorError):
        graph.invoke({"prompt": "p"}, config)
    studio.fails = None
    graph.invoke(None, config)
    before, after = studio.requests
    assert before.key == after.key != ""


@pytest.mark.parametrize(("dial", "value"), [("ratio", "wide"), ("steps", 0), ("guidance", -1)])
def test_a_dial_that_means_nothing_is_refused(dial: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=dial):
        Settings(**{dial: value})


# ------------------------------------------------------------------ pictures


def test_black_pictures_and_wrong_sizes_are_errors_and_not_rounds(store: Store) -> None:
    black = Image.new("RGB", (8, 8))
    with pytest.raises(GeneratorError, match="all black: too few steps"):
        drawn(Studio(data=black), store)
    assert len(drawn(Studio(data=black, black=True), store)["rounds"]) == 2
    with pytest.raises(GeneratorError, match="drew 8 x 8, not 64 x 32: leave out `size`"):
        drawn(Studio(data=paint("p", 1, (8, 8))), store, size="64x32")
    assert not list(store.entries()) or all(e.size > 0 for e in store.entries())


def test_a_generator_may_say_that_it_drew_another_size(store: Store) -> None:
    class Grid(Studio):
        async def generate(self, request: GenerateRequest) -> list[Picture]:
            return [Picture(data=paint("p", 1, (64, 64)), facts={"size": [64, 64]})]

    assert drawn(Grid(), store, size="65x65")["result"]["image"]["width"] == 64


@pytest.mark.parametrize(
    "facts",
    [{"size": "8x8", "notes": "one"}, {"size": None, "notes": None}, {"path": Path("x")},
     {"much": "x" * 10_000}],
    ids=lambda facts: str(facts)[:20],
)  # fmt: skip
def test_odd_facts_cost_nobody_a_picture(store: Store, facts: dict[str, Any]) -> None:
    class Odd(Studio):
        async def generate(self, request: GenerateRequest) -> list[Picture]:
            [picture] = await super().generate(request)
            return [Picture(data=picture.data, facts=facts)]

    out = drawn(Odd(), store)
    assert len(json.dumps(out["result"]["image"]["made"])) < 1000


def test_another_number_of_pictures_than_asked_for_is_an_error(store: Store) -> None:
    class Two(Studio):
        async def generate(self, request: GenerateRequest) -> list[Picture]:
            return 2 * await super().generate(request)

    with pytest.raises(GeneratorError, match="returned 2 pictures, not one"):
        drawn(Two(), store)


@pytest.mark.parametrize("form", ["webp", "png"])
def test_nothing_is_lost_by_encoding_and_it_is_quick(form: Any, store: Store) -> None:
    noise = np.random.default_rng(0).integers(0, 6, (1024, 1024, 3))
    ramp = np.linspace(0, 200, 1024)[None, :, None]
    image = Image.fromarray((noise + ramp).astype(np.uint8))
    started = time.process_time()
    data = encode(image, form)
    took = time.process_time() - started
    assert Image.open(io.BytesIO(data)).convert("RGB").tobytes() == image.tobytes()
    buffer, started = io.BytesIO(), time.process_time()
    image.save(buffer, "PNG")  # the way it was done before
    assert took < (time.process_time() - started) / 2
    out = drawn(Studio(data=image), store, picture_format=form)
    assert out["result"]["image"]["media_type"] == f"image/{form}"


def test_a_picture_too_long_for_webp_becomes_png() -> None:
    assert encode(Image.new("L", (16_400, 2), 9)).startswith(b"\x89PNG")


# ------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("error", "calls"),
    [
        (ContentRefusedError("no cats"), 1), (BadRequestError("use words"), 1),
        (NoMemoryError("too little memory"), 1), (TransientError("busy"), 3),
    ],
)  # fmt: skip
def test_only_what_may_pass_is_tried_again(store: Store, error: Exception, calls: int) -> None:
    studio = Studio(fails=error)
    with pytest.raises(GeneratorError, match=str(error)):
        drawn(studio, store, retries=2)
    assert len(studio.requests) == calls


def test_a_refused_picture_costs_nothing(store: Store) -> None:
    studio = Studio(fails=ContentRefusedError("no cats"))
    for _ in range(2):
        with pytest.raises(ContentRefusedError):
            drawn(studio, store, max_images=1, budget="b")
    studio.fails = None
    assert drawn(studio, store, max_images=1, budget="b", raise_on_error=False)["rounds"]


# ------------------------------------------------------------------ chains


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("mini", ["mini"]), ("a,b", ["a", "b"]), ("a:x, b:y", ["a:x", "b:y"]),
        ("http:http://h/g?tags=a,b", ["http:http://h/g?tags=a,b"]),
        ("http:http://h,http://i", ["http:http://h,http://i"]),
        ("openai:m,http:http://h", ["openai:m", "http:http://h"]), ("a:1,2", ["a:1,2"]),
    ],
)  # fmt: skip
def test_a_chain_is_split_and_an_address_is_not(name: str, members: list[str]) -> None:
    assert [spec.name for spec in GeneratorSpec(name=name).members] == members


def test_a_chain_goes_on_where_one_fails_and_says_so(
    store: Store, installed: Callable[..., None]
) -> None:
    first, second = Studio("first", NoMemoryError("too little memory")), Studio("second")
    installed(first, second)
    out = drawn("first,second", store)
    assert [r["image"]["made"]["generator"] for r in out["rounds"]] == ["second", "second"]
    assert out["notes"] == [
        "The generator 'first' failed, and the next one drew. too little memory"
    ]
    assert out["ledger"]["generator"]["images"] == 2
    second.fails = ContentRefusedError("no cats")
    with pytest.raises(ContentRefusedError, match="no cats"):
        drawn("first,second", store)


def test_what_a_chain_drew_is_found_again_though_the_first_one_is_back(
    store: Store, installed: Callable[..., None]
) -> None:
    first, second = Studio("first", GeneratorError("off")), Studio("second")
    installed(first, second)
    chat = ScriptedChat(script={"decompose": criteria(1), "verify": verdicts("y")})
    graph = build_graph(
        mllm=chat, generator="first,second", store=store, checkpointer=InMemorySaver(), seed=1
    )
    config: Any = {"configurable": {"thread_id": "t"}}
    graph.invoke({"prompt": "p"}, config, interrupt_after=["generator"])
    first.fails = None
    # as after a crash: from before the picture, which is paid
    before = next(s for s in graph.get_state_history(config) if "generator" in s.next)
    out = graph.invoke(None, before.config)
    assert out["rounds"][0]["image"]["made"]["generator"] == "second"
    assert (len(first.requests), len(second.requests)) == (1, 1)


def test_a_chain_with_an_unknown_member_is_refused_before_anything_is_paid(store: Store) -> None:
    chat = ScriptedChat()
    with pytest.raises(ConfigError, match="no generator 'nowhere'"):
        build_graph(mllm=chat, generator="mini,nowhere", store=store).invoke({"prompt": "p"})
    assert not chat._asked


# ------------------------------------------------------------------ conformance


def _paper() -> Any:
    return runpy.run_path(str(EXAMPLE))["open_backend"]("red", GeneratorSpec(name="paper"))


@pytest.mark.parametrize("name", ["mini", "http", "example", "function", "object"])
def test_our_generators_keep_their_word(name: str) -> None:
    with ImageServer() as images:
        made: dict[str, Callable[[], Any]] = {
            "mini": lambda: open_generator("mini"),
            "http": lambda: open_generator(f"http:{images.url}"),
            "example": _paper,
            "function": lambda: lambda prompt, seed: paint(prompt, seed, (8, 8)),
            "object": Studio,
        }
        held = asyncio.run(check_generator(made[name]()))
    assert "it draws a picture that can be decoded" in held


class Broken(Studio):
    async def generate(self, request: GenerateRequest) -> list[Picture]:
        [picture] = await super().generate(request)
        picture = Picture(data=paint("p", len(self.requests), (8, 8)))
        return [] if request.steps else [picture]


@pytest.mark.parametrize(
    ("can", "said"),
    [
        ({"sizes": False, "repeatable": True}, "draws 1 where n=1"),
        ({}, "draws 1 where n=1"),
    ],
)
def test_a_broken_word_is_told(can: dict[str, Any], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        asyncio.run(check_generator(Broken(**can)))


@pytest.mark.parametrize(
    ("can", "said"),
    [
        ({"repeatable": True}, "the same request gives the same bytes"),
        ({"progress": True}, "tells its steps"), ({"n": 4}, "draws 2 where n=2"),
        ({"ratios": True}, "the ratio that it is given"),
    ],
)  # fmt: skip
def test_a_false_declaration_is_told(can: dict[str, Any], said: str) -> None:
    class Random(Studio):
        async def generate(self, request: GenerateRequest) -> list[Picture]:
            [_] = await super().generate(request)
            return [Picture(data=paint("p", len(self.requests), request.size or (8, 8)))]

    with pytest.raises(AssertionError, match=said):
        asyncio.run(check_generator(Random(**can)))


def test_a_generator_that_lacks_a_part_is_refused() -> None:
    class Half:
        name = "half"

        async def generate(self, request: GenerateRequest) -> list[Picture]:
            return []

    with pytest.raises(ConfigError, match="'half' lacks 'capabilities'"):
        adapt(Half())
    whole: Generator = Studio()
    assert adapt(whole) is whole
