"""Whole trajectories through tiny pipelines of random weights: stopped, guided, varied, edited."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langgraph.checkpoint.memory import InMemorySaver

from gems_graph import Store, build_graph, run
from gems_graph.errors import ConfigError
from gems_graph.generators import close_generators
from gems_graph.testing import ScriptedChat, paint
from tests.conftest import criteria, two_rounds, verdicts

torch = pytest.importorskip("torch", reason="needs torch: make heavy")
diffusers = pytest.importorskip("diffusers", reason="needs diffusers: make heavy")

from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit  # noqa: E402

from gems_graph.generators.diffusion import loading  # noqa: E402
from tests.heavy import tiny  # noqa: E402

PIPELINES = {"z-image": "ZImagePipeline", "qwen": "QwenImagePipeline"}
CAT = paint("a cat", 3, (80, 64))
REFINED = {"rationale": "-", "instruction": "make it blue", "prompt": "a blue cat"}


@pytest.fixture(autouse=True)
def _closed(closed_generators: None) -> None:
    """Close what a test opened."""


def graph_of(generator: Any, store: Store, **build: Any) -> Any:
    if isinstance(generator, str):
        generator = f"diffusers:{generator}"
    script = {**two_rounds(), "refine": REFINED}
    usual = {"mllm": ScriptedChat(script=script), "seed": 1, "size": "80x64", "steps": 3}
    return build_graph(generator=generator, store=store, retry_wait=0, **{**usual, **build})


def pictures_of(state: Any) -> list[str]:
    return [round_["image"]["sha256"] for round_ in state["rounds"]]


def made_in(state: Any) -> list[dict[str, Any]]:
    return [round_["image"]["made"] for round_ in state["rounds"]]


def loaded(folder: str) -> Any:
    return diffusers.DiffusionPipeline.from_pretrained(folder)


def counting(pipeline: Any) -> list[int]:
    """Count the samples that a denoiser computes, by call."""
    counted: list[int] = []

    def count(_model: Any, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        counted.append(len(given[0] if given else named["hidden_states"]))

    pipeline.transformer.register_forward_pre_hook(count, with_kwargs=True)
    return counted


# ------------------------------------------------------------------ side by side, stopped, resumed


def test_side_by_side_all_are_cut_in_their_second_picture_and_resumed_as_if_nothing_had_been(
    folders: dict[str, str], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = [folders["z-image"], folders["qwen"]] * 2
    whole = [
        graph_of(model, store, seed=k).invoke({"prompt": "a cat"}) for k, model in enumerate(chosen)
    ]
    asyncio.run(close_generators())
    loads: list[str] = []
    load = loading.load
    monkeypatch.setattr(loading, "load", lambda model, how: loads.append(model) or load(model, how))
    saver, in_second = InMemorySaver(), asyncio.Event()
    graphs = [
        graph_of(model, store, seed=k, checkpointer=saver, steps=3)
        for k, model in enumerate(chosen)
    ]
    configs: list[Any] = [{"configurable": {"thread_id": str(k)}} for k in range(4)]

    async def follow(k: int) -> None:
        async for event in graphs[k].astream({"prompt": "a cat"}, configs[k], stream_mode="custom"):
            if event["type"] == "progress" and event["what"] == "step" and event["round"] == 2:
                in_second.set()

    async def cut_and_resume() -> list[Any]:
        tasks = [asyncio.create_task(follow(k)) for k in range(4)]
        await in_second.wait()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert any(task.cancelled() for task in tasks)
        return await asyncio.gather(
            *(graph.ainvoke(None, config) for graph, config in zip(graphs, configs, strict=True))
        )

    resumed = asyncio.run(cut_and_resume())
    assert [*map(pictures_of, resumed)] == [*map(pictures_of, whole)]
    assert sorted(loads) == sorted({*chosen})  # once each, also after the cut
    assert [made_in(state)[0]["pipeline"] for state in resumed] == [*PIPELINES.values()] * 2


@pytest.mark.parametrize("model", PIPELINES)
@pytest.mark.parametrize(("guidance", "passes"), [(0.0, 1), (4.0, 2)])
@pytest.mark.parametrize("variations", [1, 2])
def test_the_samples_of_a_trajectory(
    model: str, guidance: float, passes: int, variations: int, folders: dict[str, str], store: Store
) -> None:
    pipeline = loaded(folders[model])
    counted = counting(pipeline)
    script = {"decompose": criteria(1), "verify": verdicts("n"), "refine": REFINED}
    out = graph_of(
        pipeline, store, mllm=ScriptedChat(script=script), guidance=guidance, negative="fog",
        variations=variations, max_iterations=2,
    ).invoke({"prompt": "a cat"})  # fmt: skip
    assert len(out["rounds"]) == 2
    assert sum(counted) == 2 * 3 * passes * variations  # rounds, steps
    assert [made["batch"] for made in made_in(out)] == [variations] * 2


def test_variations_of_one_call_are_the_pictures_of_their_seeds(
    folders: dict[str, str], store: Store
) -> None:
    out = graph_of(folders["z-image"], store, variations=3).invoke({"prompt": "a cat"})
    for each in out["rounds"][0]["variations"]:
        alone = graph_of(
            folders["z-image"], store, seed=each["seed"], max_iterations=1
        ).invoke({"prompt": "a cat"})  # fmt: skip
        one, other = (
            np.asarray(store.open(ref)).astype(int)
            for ref in (each["image"], alone["rounds"][0]["image"])
        )
        assert np.abs(one - other).max() <= 1


# ------------------------------------------------------------------ edits


@pytest.fixture
def edit_pipeline(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A tiny Qwen-Image-Edit; it looks at 128 x 128 pixels instead of 1024 x 1024."""
    fitted = pipeline_qwenimage_edit.calculate_dimensions
    small: Callable[..., Any] = lambda area, ratio: fitted(128 * 128, ratio)  # noqa: E731
    monkeypatch.setattr(pipeline_qwenimage_edit, "calculate_dimensions", small)
    return tiny.qwen_image_edit()


def test_an_edit_pipeline_redraws_a_failed_round(edit_pipeline: Any, store: Store) -> None:
    counted = counting(edit_pipeline)

    def edited(**dials: Any) -> Any:
        chat = ScriptedChat(script={**two_rounds(), "refine": REFINED})
        return run(
            "a cat", images=[CAT], mllm=chat, generator=edit_pipeline, store=store, seed=1,
            size="80x64", steps=3, negative="fog", **{"guidance": 4.0, "edit": True, **dials},
        ).state  # fmt: skip

    out = edited()
    assert sum(counted) == 2 * 3 * 2
    first, second = made_in(out)
    assert first["pipeline"] == "QwenImageEditPipeline"
    assert (first["images"], second["edited"]) == (
        [out["references"][0]["sha256"]], out["rounds"][0]["image"]["sha256"],
    )  # fmt: skip
    assert pictures_of(edited()) == pictures_of(out)
    again = edited(edit=False)  # of the user's picture, not of the first round's
    assert pictures_of(again)[0] == pictures_of(out)[0]
    assert pictures_of(again)[1] != pictures_of(out)[1]
    counted.clear()
    edited(guidance=1.0)
    assert sum(counted) == 2 * 3


def test_an_edit_pipeline_without_a_picture_is_refused_before_a_chat_call(
    edit_pipeline: Any, store: Store
) -> None:
    chat = ScriptedChat()
    for given, said in ((), "only changes pictures"), ((CAT, CAT), "takes 1 picture at a time"):
        with pytest.raises(ConfigError, match=said):
            run("a cat", images=given, mllm=chat, generator=edit_pipeline, store=store)
    assert not chat._asked


def test_a_pipeline_that_draws_and_edits_is_told_what_to_change(
    folders: dict[str, str], store: Store
) -> None:
    options = {"text_encoder_out_layers": [1, 2, 3]}
    out = graph_of(folders["klein"], store, edit=True, generator_options=options).invoke(
        {"prompt": "a cat"}
    )
    anew = graph_of(folders["klein"], store, generator_options=options).invoke({"prompt": "a cat"})
    assert made_in(out)[1]["edited"] == pictures_of(out)[0]
    assert pictures_of(anew)[0] == pictures_of(out)[0]
    assert pictures_of(anew)[1] != pictures_of(out)[1]
    assert not out["notes"]


@pytest.mark.parametrize("model", PIPELINES)
def test_the_sibling_of_a_pipeline_redraws_a_failed_round_and_says_how(
    model: str, folders: dict[str, str], store: Store, tmp_path: Path
) -> None:
    out = graph_of(folders[model], store, edit=True).invoke({"prompt": "a cat"})
    first, second = made_in(out)
    assert first["pipeline"] == PIPELINES[model]
    assert "Img2Img" in second["pipeline"]
    assert second["edited"] == pictures_of(out)[0]
    assert sum("follows no instruction" in note for note in out["notes"]) == 1
