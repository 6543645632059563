"""Functions, methods and pipelines of a caller draw; what cannot is refused before any call."""

from __future__ import annotations

import asyncio
import io
import json
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langgraph.checkpoint.memory import InMemorySaver
from PIL import Image

from gems_graph import Store, build_graph, run
from gems_graph.errors import ConfigError, GeneratorError
from gems_graph.generators import adapt, encode
from gems_graph.persistence.savers import open_saver
from gems_graph.runtime.loop import BACKGROUND
from gems_graph.testing import Painter, ScriptedChat, paint
from tests.conftest import Gems, criteria, verdicts

RED = np.full((6, 8, 3), (220, 30, 40), np.uint8)


def drawn(generator: Any, **dials: Any) -> Any:
    """Return the state of a run of one round."""
    graph = build_graph(mllm=ScriptedChat(), generator=generator, seed=5, max_iterations=1, **dials)
    return graph.invoke({"prompt": "a cat"})


class Client:
    """A provider's client, whose method draws."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def text_to_image(
        self, prompt: str, *, negative_prompt: str | None = None, height: int | None = None,
        width: int | None = None, num_inference_steps: int | None = None, seed: int | None = None,
    ) -> Image.Image:  # fmt: skip
        self.asked.append({"size": (width, height), "seed": seed, "steps": num_inference_steps})
        return Image.new("RGB", (width or 8, height or 8), "red")


class Awaited:
    async def __call__(self, prompt: str, **options: Any) -> bytes:
        return paint(prompt, options["seed"], options["size"] or (8, 8))


async def whole(prompt: str, *, seed: int, size: tuple[int, int] | None = None) -> bytes:
    return paint(prompt, seed, size or (8, 8))


async def late(prompt: str) -> Any:
    return RED


def sized(prompt: str, width: int, height: int) -> Image.Image:
    return Image.new("RGB", (width, height), "red")


FORMS: dict[str, tuple[Callable[..., Any], tuple[int, int]]] = {
    "prompt": (lambda prompt: paint(prompt, 0, (8, 6)), (8, 6)),
    "text": (lambda text, /: paint(text, 0, (8, 6)), (8, 6)),
    "seed": (lambda prompt, seed: paint(prompt, seed, (8, 6)), (8, 6)),
    "any": (lambda *prompts: paint(prompts[0], 0, (8, 6)), (8, 6)),
    "async": (late, (8, 6)),
    "whole": (whole, (8, 8)),
    "object": (Awaited(), (8, 8)),
    "coroutine": (lambda prompt: late(prompt), (8, 6)),
    "partial": (partial(whole, size=(4, 4)), (8, 8)),
    "method": (Client().text_to_image, (8, 8)),
    "needs a size": (sized, (1024, 1024)),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_function_of_any_usual_form_draws(form: str, store: Store) -> None:
    function, size = FORMS[form]
    image = drawn(function, store=store)["result"]["image"]
    assert (image["width"], image["height"]) == size


def test_a_function_gets_seed_size_and_options_that_it_has_room_for(store: Store) -> None:
    client = Client()
    drawn(
        client.text_to_image, store=store, size="32x16",
        generator_options={"num_inference_steps": 3},
    )  # fmt: skip
    assert client.asked == [{"size": (32, 16), "seed": 5, "steps": 3}]
    with pytest.raises(
        ConfigError, match=r"takes no option 'steps'; it takes negative_prompt, num"
    ):
        drawn(client.text_to_image, store=store, generator_options={"steps": 3})
    with pytest.raises(ConfigError, match="takes no size"):
        drawn(lambda prompt: RED, store=store, size="32x16")


ARRAYS: dict[str, Any] = {
    "bytes": RED, "floats": RED / 255, "noisy floats": RED / 255 + 1e-3, "floats to 255": RED * 1.0,
    "float32": (RED / 255).astype(np.float32), "16 bit": RED.astype(np.uint16) * 257,
    "a batch of one": RED[None], "channels first": RED.transpose(2, 0, 1) / 255,
    "alpha": np.dstack([RED, np.full((6, 8), 255, np.uint8)]),
    "a list of one": [Image.fromarray(RED)], "a view": memoryview(paint("p", 1, (8, 6))),
}  # fmt: skip


@pytest.mark.parametrize("form", ARRAYS)
def test_a_picture_comes_in_any_usual_form(form: str) -> None:
    image = Image.open(io.BytesIO(encode(ARRAYS[form])))
    assert image.size == (8, 6)
    if form != "a view":
        assert np.abs(np.asarray(image.convert("RGB")).astype(int) - RED).max() <= 1


@pytest.mark.parametrize("mode", ["CMYK", "RGBA", "F", "I;16", "HSV"])
def test_a_picture_of_pillow_comes_in_any_mode(mode: str) -> None:
    image = Image.new(mode, (8, 6))
    assert Image.open(io.BytesIO(encode(image))).size == (8, 6)


@pytest.mark.parametrize(
    "picture",
    [None, "a.png", {}, [], [RED, RED], np.zeros(3), np.zeros((2, 4, 4, 3)), np.zeros((4, 4, 2)),
     np.full((4, 4, 3), np.nan)],
    ids=lambda picture: getattr(picture, "shape", picture).__str__(),
)  # fmt: skip
def test_what_is_no_picture_is_told(picture: Any) -> None:
    with pytest.raises(GeneratorError, match=r"must return|no picture|no numbers"):
        encode(picture)


def no_prompt(seed: int) -> bytes:
    return b""


def more(prompt: str, model: str) -> bytes:
    return b""


async def yields(prompt: str) -> Any:
    yield b""


UNFIT = {
    "a number": (7, "int draws nothing"), "a class": (Painter, "'Painter' is a class"),
    "no prompt": (no_prompt, "takes no prompt"), "nothing": (lambda: b"", "takes no prompt"),
    "more": (more, r"needs 'model'.*functools.partial\(more, model="),
    "yields": (yields, "yields"), "written in C": (min, "Nobody can tell what"),
    "a picture": (Image.new("RGB", (2, 2)), "Image draws nothing"),
}  # fmt: skip


@pytest.mark.parametrize("what", UNFIT)
def test_what_cannot_draw_is_refused_before_anything_is_paid(what: str) -> None:
    given, said = UNFIT[what]
    with pytest.raises(ConfigError, match=said):
        build_graph(mllm=ScriptedChat(), generator=given)


def test_a_plain_function_draws_off_the_event_loop_one_picture_at_a_time(store: Store) -> None:
    under_way, most, threads = 0, 0, set()
    lock = threading.Lock()

    def slow(prompt: str, seed: int) -> bytes:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
            threads.add(threading.current_thread())
        time.sleep(0.02)
        with lock:
            under_way -= 1
        return paint(prompt, seed, (8, 8))

    graph = build_graph(
        mllm=ScriptedChat(), generator=slow, store=store, image_timeout=5, generator_concurrency=4
    )
    graph.batch([{"prompt": f"p{k}"} for k in range(8)])
    assert (most, len(threads)) == (1, 1)
    assert BACKGROUND._thread not in threads


def test_what_a_function_raises_is_told_by_its_name(store: Store) -> None:
    def draw(prompt: str) -> bytes:
        msg = "CUDA out of memory"
        raise RuntimeError(msg)

    with pytest.raises(GeneratorError, match=r"generator 'draw': RuntimeError: CUDA out of memory"):
        drawn(draw, store=store)


# ------------------------------------------------------------------ records say who played


def by_hand(prompt: str, seed: int) -> bytes:
    return paint(prompt, seed, (8, 8))


class Mine(ScriptedChat):
    model_name: str = "mine-7b"


def test_state_and_errors_name_the_objects_that_play(store: Store) -> None:
    chat = Mine(script={"refine": RuntimeError("asleep"), "verify": verdicts("n")})
    out = build_graph(
        mllm={"default": chat, "judge": ScriptedChat()}, generator=by_hand, store=store
    ).invoke({"prompt": "p"})
    settings = out["result"]["stop"]["error"]
    assert "'mine-7b'" in settings
    kept = _state_of(chat, store)["settings"]
    assert (kept["mllm"], kept["generator"]) == ("python:mine-7b", "python:by_hand")
    assert kept["roles"]["judge"]["mllm"] == "python:ScriptedChat"
    assert "mini" not in json.dumps([kept["mllm"], kept["generator"], kept["roles"]])


def _state_of(chat: ScriptedChat, store: Store) -> dict[str, Any]:
    graph = build_graph(
        mllm={"default": chat, "judge": ScriptedChat()}, generator=by_hand, store=store,
        checkpointer=InMemorySaver(), generator_price=0.5,
    )  # fmt: skip
    config: Any = {"configurable": {"thread_id": "t"}}
    graph.invoke({"prompt": "p"}, config)
    values: dict[str, Any] = graph.get_state(config).values
    assert values["ledger"]["generator"]["cost"] == 0.5
    return values


def test_a_thread_of_objects_is_taken_up_by_its_program_alone(gems: Gems, tmp_path: Path) -> None:
    chat = ScriptedChat(script={"decompose": criteria(1), "verify": verdicts("n", "y")})

    async def keep(resume: bool) -> Any:
        async with open_saver() as saver:
            graph = build_graph(mllm=chat, generator=by_hand, checkpointer=saver, seed=1)
            config: Any = {"configurable": {"thread_id": "t"}}
            if resume:
                return await graph.ainvoke(None, config)
            return await graph.ainvoke({"prompt": "p"}, config, interrupt_after=["generator"])

    asyncio.run(keep(resume=False))
    result = gems("resume", "t")
    told = result.out + result.err
    assert "'python:ScriptedChat' was made in Python" in told
    assert "--set mllm=NAME" in told
    assert gems("show", "t", "--json").json["models"]["generator"] == "python:by_hand"


def test_options_of_a_role_whose_model_is_an_object_are_refused_at_once(store: Store) -> None:
    chat = ScriptedChat()
    graph = build_graph(mllm=chat, roles={"verifier": {"temperature": 0}}, store=store)
    with pytest.raises(ConfigError, match="it has options of its own"):
        graph.invoke({"prompt": "p"})
    assert not chat._asked


# ------------------------------------------------------------------ pipelines


class Output:
    def __init__(self, images: list[Any]) -> None:
        self.images = images


class Pipeline:
    """Has the signature, the callback and the output of pipelines of diffusers."""

    components: dict[str, Any] = {}  # noqa: RUF012
    num_timesteps = 9

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.stopped, self.endless = threading.Event(), False

    @classmethod
    def from_pretrained(cls, folder: str) -> Pipeline:
        return cls()

    def __call__(
        self, prompt: Any = None, height: int | None = None, width: int | None = None,
        num_inference_steps: int = 9, guidance_scale: float = 5.0, generator: Any = None,
        num_images_per_prompt: int = 1, output_type: str = "pil", callback_on_step_end: Any = None,
    ) -> Output:  # fmt: skip
        self.calls.append({"steps": num_inference_steps, "guidance": guidance_scale})
        assert isinstance(prompt, str)
        step = 0
        try:
            while step < num_inference_steps or self.endless:
                kept = callback_on_step_end(self, step, 0, {"latents": step})
                assert kept == {"latents": step}
                step += 1
                time.sleep(0.005 * self.endless)
        except Exception:
            self.stopped.set()
            raise
        seed = generator.initial_seed()
        size = (width or 16, height or 16)
        return Output([Image.open(io.BytesIO(paint(prompt, seed, size)))])


@pytest.fixture
def pipeline() -> Pipeline:
    pytest.importorskip("torch")
    return Pipeline()


@pytest.mark.parametrize("way", ["options", "partial"])
def test_a_pipeline_draws_with_its_arguments_and_reports_its_steps(
    pipeline: Pipeline, store: Store, way: str
) -> None:
    given: Any = pipeline
    more: dict[str, Any] = {"generator_options": {"num_inference_steps": 9, "guidance_scale": 0}}
    if way == "partial":
        given, more = partial(pipeline, num_inference_steps=9, guidance_scale=0), {}
    events: list[Any] = []
    done = run("p", mllm=ScriptedChat(), generator=given, store=store, seed=3, size="32x16",
               on_event=events.append, **more)  # fmt: skip
    assert store.read(done.result["image"]["sha256"]) == encode(
        Image.open(io.BytesIO(paint("p", 3, (32, 16))))
    )
    assert pipeline.calls == [{"steps": 9, "guidance": 0}]
    steps = [
        (e["done"], e["of"]) for e in events if e["type"] == "progress" and e["what"] == "step"
    ]
    assert steps == [(k, 9) for k in range(1, 10)]
    assert done.state["settings"]["generator"] == "python:Pipeline"


def test_a_pipeline_takes_no_argument_that_is_ours(pipeline: Pipeline, store: Store) -> None:
    with pytest.raises(ConfigError, match="takes no option 'output_type'; it takes guidance_scale"):
        drawn(pipeline, store=store, generator_options={"output_type": "np"})


def test_a_cancelled_run_stops_a_pipeline_at_its_next_step(
    pipeline: Pipeline, store: Store
) -> None:
    pipeline.endless = True
    graph = build_graph(mllm=ScriptedChat(), generator=pipeline, store=store)

    async def cancelled() -> None:
        task = asyncio.create_task(graph.ainvoke({"prompt": "p"}))
        while not pipeline.calls:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert pipeline.stopped.wait(20)
    pipeline.endless = False
    assert drawn(pipeline, store=store)["result"]["image"]


def test_what_is_adapted_once_stays_as_it_is() -> None:
    once = adapt(by_hand)
    assert adapt(once) is once
