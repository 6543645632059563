"""Real pipelines with tiny random weights, reloaded from disk: whole trajectories and each part."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gems_graph import Store, build_graph, run
from gems_graph.errors import BadRequestError, ConfigError, GeneratorError, NoMemoryError
from gems_graph.generators import (
    GenerateRequest,
    GeneratorSpec,
    adapt,
    encode,
    open_generator,
)
from gems_graph.generators.diffusion.presets import Preset
from gems_graph.persistence.savers import open_saver
from gems_graph.testing import ScriptedChat, check_generator
from tests.conftest import two_rounds

torch = pytest.importorskip("torch", reason="needs torch: make heavy")
diffusers = pytest.importorskip("diffusers", reason="needs diffusers: make heavy")

from gems_graph.generators.diffusion import loading  # noqa: E402
from tests.heavy import tiny  # noqa: E402

BUILDS = {"z-image": tiny.z_image, "qwen": tiny.qwen_image, "klein": tiny.flux_klein}
FEW: dict[str, dict[str, Any]] = {
    "z-image": {"num_inference_steps": 3},
    "qwen": {"num_inference_steps": 3},
    "klein": {"num_inference_steps": 3, "text_encoder_out_layers": [1, 2, 3]},
}
SIZE = (80, 64)


@pytest.fixture(autouse=True)
def _closed(closed_generators: None) -> None:
    """Close what a test opened."""


@pytest.fixture
def opened(folders: dict[str, str]) -> Iterator[Callable[..., Any]]:
    generators: list[Any] = []

    def make(model: str, name: str = "", **options: Any) -> Any:
        usual = {"folder": folders[model]} if name else FEW[model]
        called = f"diffusers:{name or folders[model]}"
        spec = GeneratorSpec(name=called, options={**usual, **options})
        generators.append(open_generator(spec))
        return generators[-1]

    yield make
    for generator in generators:
        asyncio.run(generator.aclose())


def draw(generator: Any, prompt: str = "a red fish", seed: int = 3, **more: Any) -> list[Any]:
    more.setdefault("size", SIZE)
    return asyncio.run(generator.generate(GenerateRequest(prompt=prompt, seed=seed, **more)))


def pixels(picture: Any) -> Any:
    return np.asarray(picture.data).astype(int)


def png(colour: str, size: tuple[int, int] = SIZE) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


def samples(generator: Any, **request: Any) -> int:
    """Return how many samples the denoiser computes for a request."""
    counted: list[int] = []

    def count(_model: Any, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        counted.append(len(given[0] if given else named["hidden_states"]))

    hook = generator.given.transformer.register_forward_pre_hook(count, with_kwargs=True)
    draw(generator, **request)
    hook.remove()
    return sum(counted)


# ------------------------------------------------------------------ trajectories


def graph_of(model: str, store: Store, **build: Any) -> Any:
    build = {"mllm": ScriptedChat(script=two_rounds()), "seed": 1, "size": "80x64", **build}
    return build_graph(generator=f"diffusers:{model}", store=store, steps=3, retry_wait=0, **build)


def pictures_of(state: Any) -> list[str]:
    return [round_["image"]["sha256"] for round_ in state["rounds"]]


def test_concurrent_trajectories_share_a_pipeline_and_draw_as_alone(
    folders: dict[str, str], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[str] = []
    load = loading.load
    monkeypatch.setattr(loading, "load", lambda model, how: loads.append(model) or load(model, how))
    chosen = [folders["z-image"], folders["qwen"]] * 3
    graphs = [graph_of(model, store, seed=k // 2) for k, model in enumerate(chosen)]

    async def together() -> list[Any]:
        return await asyncio.gather(*(graph.ainvoke({"prompt": "a cat"}) for graph in graphs))

    states = asyncio.run(together())
    assert sorted(loads) == sorted({*chosen})
    assert [len(state["rounds"]) for state in states] == [2] * 6
    for k, model in enumerate(chosen):
        alone = graph_of(model, store, seed=k // 2).invoke({"prompt": "a cat"})
        assert pictures_of(alone) == pictures_of(states[k])
    assert len({sha for state in states for sha in pictures_of(state)}) == 12
    made = states[0]["rounds"][0]["image"]["made"]
    assert made["steps"] == 3
    assert made["pipeline"] == "ZImagePipeline"
    assert made["versions"]["diffusers"] == diffusers.__version__


@pytest.mark.parametrize("model", ["z-image", "qwen"])
def test_a_trajectory_cancelled_midway_is_resumed_and_draws_the_same(
    model: str, folders: dict[str, str], store: Store, tmp_path: Path
) -> None:
    whole = graph_of(folders[model], store).invoke({"prompt": "a cat"})

    async def cut_and_resume() -> Any:
        async with open_saver(str(tmp_path / "kept.sqlite")) as saver:
            graph = graph_of(folders[model], store, checkpointer=saver)
            config: Any = {"configurable": {"thread_id": "t"}}
            first = cut = False
            modes: Any = ["custom", "updates"]
            events = graph.astream({"prompt": "a cat"}, config, stream_mode=modes)
            async with aclosing(events):  # which cancels
                async for mode, event in events:
                    first = first or (mode == "updates" and "verifier" in str(event))
                    cut = first and mode == "custom" and "step" in str(event)
                    if cut:  # in the second picture
                        break
            assert cut
            kept = (await graph.aget_state(config)).values
            assert len(kept["rounds"]) == 1
            return await graph.ainvoke(None, config)

    resumed = asyncio.run(cut_and_resume())
    assert pictures_of(resumed) == pictures_of(whole)


def test_a_cancelled_picture_ends_at_its_next_step(opened: Callable[..., Any]) -> None:
    generator = opened("z-image")
    steps: list[int] = []

    async def cancelled() -> Any:
        started = asyncio.Event()
        loop = asyncio.get_running_loop()

        def told(done: int, of: int) -> None:
            steps.append(done)
            loop.call_soon_threadsafe(started.set)

        request = GenerateRequest(prompt="p", seed=3, size=SIZE, steps=900, progress=told)
        task = asyncio.create_task(generator.generate(request))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await generator.generate(GenerateRequest(prompt="p", seed=3, size=SIZE))

    [after] = asyncio.run(cancelled())
    assert len(steps) < 900
    assert (pixels(after) == pixels(draw(generator, "p")[0])).all()


def test_a_pipeline_of_the_caller_draws_as_one_that_is_named(
    folders: dict[str, str], store: Store
) -> None:
    pipeline = diffusers.DiffusionPipeline.from_pretrained(folders["z-image"])
    named = graph_of(folders["z-image"], store).invoke({"prompt": "a cat"})
    given = build_graph(
        mllm=ScriptedChat(script=two_rounds()), seed=1, size="80x64", generator=pipeline,
        store=store, steps=3,
    ).invoke({"prompt": "a cat"})  # fmt: skip
    assert pictures_of(given) == pictures_of(named)


@pytest.mark.parametrize("model", BUILDS)
def test_they_keep_the_word_of_a_generator(model: str, opened: Callable[..., Any]) -> None:
    generator = opened(model)
    generator._preset = Preset("tiny", (96, 96), {})  # so that ratios are of small pictures
    held = asyncio.run(check_generator(generator, size=SIZE))
    assert {"it edits a picture", "the same request gives the same bytes"} <= {*held}


# ------------------------------------------------------------------ presets and arguments


def test_samples_of_presets_with_guidance_and_without(opened: Callable[..., Any]) -> None:
    turbo = opened("z-image", "z-image-turbo")
    assert samples(turbo) == 8
    assert samples(turbo, guidance=4.0) == 16  # in 8 calls
    assert samples(turbo, n=2) == 16
    guided, unguided = opened("qwen", "qwen-image-2512"), opened("qwen", "qwen-image-2512-no-cfg")
    assert samples(guided, steps=8) == 16
    assert samples(unguided, steps=8) == 8
    assert samples(guided, steps=8, guidance=1.0) == 8
    assert samples(guided) == 100


def test_the_preset_without_guidance_is_the_server_of_the_authors(
    opened: Callable[..., Any],
) -> None:
    generator = opened("qwen", "qwen-image-2512-no-cfg")
    [picture] = draw(generator, steps=4)
    theirs = generator.given(
        prompt="a red fish", width=80, height=64, num_inference_steps=4, guidance_scale=4.0,
        generator=torch.Generator("cpu").manual_seed(3),
    ).images[0]  # fmt: skip
    assert (pixels(picture) == np.asarray(theirs)).all()
    assert picture.facts["guidance"] == 1
    [guided] = draw(opened("qwen", "qwen-image-2512"), steps=4)
    assert guided.facts["guidance"] == 4
    assert guided.facts["negative"] == " "
    assert (pixels(guided) != pixels(picture)).any()


def test_pictures_of_a_batch_are_those_of_their_seeds(opened: Callable[..., Any]) -> None:
    generator = opened("qwen")
    batch = draw(generator, n=3)
    assert [picture.facts["seed"] for picture in batch] == [3, 4, 5]
    for picture in batch:
        [alone] = draw(generator, seed=picture.facts["seed"])
        assert np.abs(pixels(alone) - pixels(picture)).max() <= 1


def test_out_of_memory_halves_the_batch(opened: Callable[..., Any]) -> None:
    generator = opened("z-image")
    fits = 2
    sizes: list[int] = []

    def full(_model: Any, given: tuple[Any, ...]) -> None:
        sizes.append(len(given[0]))
        if len(given[0]) > fits:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.\nmore")

    whole = draw(generator, n=5, guidance=0.0)
    hook = generator.given.transformer.register_forward_pre_hook(full)
    steps: list[tuple[int, int]] = []
    told = draw(generator, n=5, guidance=0.0, progress=lambda *step: steps.append(step))
    assert [*dict.fromkeys(sizes)] == [5, 3, 2, 1]
    assert steps[-1] == (9, 9)
    assert told[0].facts["batch"] == 2
    for one, other in zip(whole, told, strict=True):
        assert np.abs(pixels(one) - pixels(other)).max() <= 1
    fits = 0
    with pytest.raises(NoMemoryError, match=r"for one picture \(CUDA out of memory.*\): set a sm"):
        draw(generator, guidance=0.0)
    hook.remove()


def test_long_prompts_are_noted_with_their_count(folders: dict[str, str], store: Store) -> None:
    chat = ScriptedChat(script={**two_rounds(), "refine": {"rationale": "", "prompt": "b " * 600}})
    prompt = "a " * 600
    state = graph_of(folders["z-image"], store, mllm=chat).invoke({"prompt": prompt})
    notes = [note for note in state["notes"] if "tokens" in note]
    assert len(notes) == 2  # of two prompts
    assert all(note.endswith("of which the encoder reads the first 512.") for note in notes)
    assert all(int(note.split()[3]) > 600 for note in notes)


def test_a_black_picture_is_an_error_and_no_round(folders: dict[str, str], store: Store) -> None:
    with pytest.raises(GeneratorError, match="all black"):
        run("a cat", mllm=ScriptedChat(), generator=f"diffusers:{folders['qwen']}", store=store,
            size="80x64", steps=1, retry_wait=0)  # fmt: skip


# ------------------------------------------------------------------ pictures to go by


def test_an_edit_redraws_the_picture_of_a_failed_round(
    folders: dict[str, str], store: Store, opened: Callable[..., Any]
) -> None:
    state = graph_of(folders["z-image"], store).invoke({"prompt": "a cat"})
    failed = store.read(state["rounds"][0]["image"]["sha256"])
    editor = opened("klein")
    [edited] = draw(editor, images=(failed,), instruction="make it blue", size=None)
    assert edited.data.size == SIZE
    [other] = draw(editor, images=(png("red"),), instruction="make it blue", size=None)
    [reworded] = draw(editor, images=(failed,), instruction="make it a dog", size=None)
    assert (pixels(edited) != pixels(other)).any()
    assert (pixels(edited) != pixels(reworded)).any()
    assert "notes" not in edited.facts
    assert draw(editor, images=(failed, png("red")), instruction="put both together")


@pytest.mark.parametrize("model", ["z-image", "qwen"])
def test_a_sibling_with_the_same_weights_redraws_what_the_pipeline_cannot_take(
    model: str, opened: Callable[..., Any]
) -> None:
    generator = opened(model)
    [red] = draw(generator, images=(png("red"),), instruction="make it blue", size=None)
    [blue] = draw(generator, images=(png("blue"),), size=None)
    assert "Img2Img" in red.facts["pipeline"]
    assert any("follows no instruction" in note for note in red.facts["notes"])
    assert red.data.size == SIZE
    assert (pixels(red) != pixels(blue)).any()
    assert draw(generator)[0].facts["pipeline"] == type(generator.given).__name__


def test_what_is_no_picture_is_a_bad_request(opened: Callable[..., Any]) -> None:
    with pytest.raises(BadRequestError, match="cannot be read"):
        draw(opened("klein"), images=(b"<html>",))
    with pytest.raises(BadRequestError, match="Flux2KleinPipeline does not draw this: Image too s"):
        draw(opened("klein"), images=(png("red", (16, 16)),))


# ------------------------------------------------------------------ options


@pytest.mark.parametrize(
    "options",
    [{"offload": "group"}, {"attention": "native"}],
    ids=lambda options: next(iter(options)),
)
def test_options_that_change_no_picture(
    options: dict[str, Any], opened: Callable[..., Any]
) -> None:
    [plain], [chosen] = draw(opened("z-image")), draw(opened("z-image", **options))
    assert np.abs(pixels(plain) - pixels(chosen)).max() <= 1


def test_large_pictures_are_decoded_in_tiles(opened: Callable[..., Any]) -> None:
    generator = opened("z-image", tiling=True)
    assert generator.given.vae.use_tiling
    assert draw(generator)[0].data.size == SIZE


def test_the_precision_is_chosen_and_recorded(opened: Callable[..., Any]) -> None:
    [picture] = draw(opened("z-image", dtype="bfloat16"))
    assert picture.facts["dtype"] == "bfloat16"
    assert draw(opened("z-image"))[0].facts["dtype"] == "float32"


UNFIT: dict[str, tuple[dict[str, Any], str]] = {
    "steps": ({"sampler": "euler"}, "takes no option 'sampler'; it takes attention, cfg_normal"),
    "offload": ({"offload": "disk"}, "must be: one of none, model, sequential, group"),
    "no GPU": ({"offload": "model", "device": "cpu"}, "needs a GPU to offload from"),
    "type": ({"compile": "yes"}, "'compile' of diffusers is 'yes'; it must be: "),
}


@pytest.mark.parametrize("case", UNFIT)
def test_unfit_options_are_refused_before_a_chat_call(
    case: str, folders: dict[str, str], store: Store
) -> None:
    options, said = UNFIT[case]
    chat = ScriptedChat()
    with pytest.raises(ConfigError, match=said):
        run("p", mllm=chat, generator=f"diffusers:{folders['z-image']}", store=store,
            generator_options=options)  # fmt: skip
    assert not chat._asked


def test_an_unfit_size_is_refused_before_a_chat_call(folders: dict[str, str], store: Store) -> None:
    chat = ScriptedChat()
    with pytest.raises(ConfigError, match="multiples of 16: set size=992x512"):
        run("p", mllm=chat, generator=f"diffusers:{folders['z-image']}", store=store,
            size="1000x512")  # fmt: skip
    assert not chat._asked


def test_a_class_that_diffusers_does_not_know_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_text('{"_class_name": "DreamPipeline"}')
    with pytest.raises(ConfigError, match=r"a DreamPipeline, which diffusers .* does not know"):
        open_generator(f"diffusers:{tmp_path}")
    with pytest.raises(ConfigError, match="No diffusers pipeline can be read from"):
        open_generator(f"diffusers:{tmp_path.parent}")


def test_a_closed_pipeline_is_let_go_when_nobody_draws(opened: Callable[..., Any]) -> None:
    one, other = opened("z-image"), opened("z-image", guidance_scale=0.0)
    assert one._worker is other._worker
    asyncio.run(one.aclose())
    assert draw(other)
    asyncio.run(other.aclose())
    assert other._worker.pipeline is None


def test_a_picture_is_what_the_pipeline_itself_draws(folders: dict[str, str]) -> None:
    pipeline = diffusers.DiffusionPipeline.from_pretrained(folders["klein"])
    generator = adapt(pipeline).with_options(FEW["klein"])
    [ours] = draw(generator, negative="fog")
    theirs = pipeline(
        prompt="a red fish", width=80, height=64,
        generator=torch.Generator("cpu").manual_seed(3), **FEW["klein"],
    ).images[0]  # fmt: skip
    assert encode(ours.data) == encode(theirs)
