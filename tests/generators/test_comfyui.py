"""`comfyui:`: jobs on real HTTP and WebSockets, found again, cancelled, failed and lost."""

from __future__ import annotations

import asyncio
import io
import json
import threading
from pathlib import Path
from typing import Any

import httpx2
import pytest
from PIL import Image

from gems_graph import Store, build_graph
from gems_graph.calls.retry import GarbledError
from gems_graph.errors import (
    BadRequestError,
    ConfigError,
    GeneratorError,
    NoMemoryError,
    TransientError,
)
from gems_graph.generators import GeneratorSpec, comfyui, open_generator
from gems_graph.generators.comfy.graph import read_graph
from gems_graph.generators.comfyui import ComfyGenerator
from gems_graph.generators.request import GenerateRequest, Picture
from gems_graph.testing import Fault, Flaky, Hang, ScriptedChat, check_generator, paint
from tests.conftest import criteria, verdicts, wait_until
from tests.generators.comfy_server import ComfyDouble, Fails
from tests.generators.test_comfyui_workflows import node, own, saved

PNG = paint("a picture to edit", 0, (32, 32))
OOM = "CUDA out of memory. Tried to allocate 20.00 GiB."


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ComfyGenerator, "fast", 0.02)
    monkeypatch.setattr(ComfyGenerator, "slow", 30.0)  # with a socket nobody has to ask


def generator_of(*servers: ComfyDouble, name: str = "z-image-turbo", **options: Any) -> Any:
    url = ",".join(server.url for server in servers)
    return open_generator(GeneratorSpec(name=f"comfyui:{name}", url=url, options=options))


def asked(**more: Any) -> GenerateRequest:
    return GenerateRequest(**{"prompt": "a cat", "seed": 7, "size": (64, 48), **more})


def draw(*servers: ComfyDouble, **more: Any) -> list[Picture]:
    options = more.pop("options", {})
    generator = generator_of(*servers, name=more.pop("name", "z-image-turbo"), **options)

    async def once() -> list[Picture]:
        try:
            return await generator.generate(asked(**more))
        finally:
            await generator.aclose()

    return asyncio.run(once())


def size_of(picture: Picture) -> tuple[int, int]:
    return Image.open(io.BytesIO(picture.data)).size


# --- what is drawn


def test_a_job_is_queued_drawn_and_fetched() -> None:
    steps: list[tuple[int, int]] = []
    with ComfyDouble() as server:
        [picture] = draw(
            server, key="k", steps=4, guidance=2.0, negative="fog",
            progress=lambda *step: steps.append(step),
        )  # fmt: skip
        [job] = server.submitted
    assert size_of(picture) == (64, 48)
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert dict(picture.facts) == {
        "model": "z_image_turbo_bf16.safetensors", "seed": 7, "steps": 4, "guidance": 2.0,
        "versions": {"comfyui": "0.3.77"}, "server": server.url.removeprefix("http://"),
        "job": job,
    }  # fmt: skip
    assert server.clients == [job]
    assert server.paths.count("/queue") <= 3  # a look, a question, one after the end


@pytest.mark.parametrize("name", ["z-image-turbo", "qwen-image", "qwen-image-2512"])
def test_ready_workflows_pass_the_conformance_test(name: str) -> None:
    with ComfyDouble() as server:
        held = asyncio.run(check_generator(generator_of(server, name=name), size=(64, 48)))
    assert "it tells its steps in order, up to the last" in held
    assert "it draws the ratio that it is given" in held


def test_a_workflow_that_edits_passes_it_too(tmp_path: Path) -> None:
    name = saved(editing(), tmp_path)
    with ComfyDouble() as server:
        server.uploads["mine.png"] = PNG
        held = asyncio.run(check_generator(generator_of(server, name=name)))
    assert "it edits a picture" in held
    assert "it draws the size that it is given" not in held


def editing() -> dict[str, Any]:
    """Return a workflow that starts from a picture."""
    graph = own(**{
        "2": node("VAEEncode", "", pixels=["11", 0], vae=["1", 0]),
        "11": node("LoadImage", "image", image="mine.png"),
    })  # fmt: skip
    graph["5"]["inputs"]["device"] = "default"
    return graph


def test_a_key_goes_with_every_call_and_with_the_handshake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMS_GENERATOR_KEY", "sk-comfy")
    with ComfyDouble(key="sk-comfy") as server:
        draw(server)
        assert len(server.clients) == 1
    monkeypatch.setenv("GEMS_GENERATOR_KEY", "sk-wrong")
    with ComfyDouble(key="sk-comfy") as server, pytest.raises(httpx2.HTTPStatusError):
        draw(server)


def test_pictures_are_uploaded_and_the_instruction_is_the_prompt(tmp_path: Path) -> None:
    name = saved(editing(), tmp_path)
    with ComfyDouble() as server:
        draw(server, name=name, size=None, images=(PNG,), instruction="make it blue", key="k")
        [(path, uploaded)] = server.uploads.items()
        [record] = server.history.values()
    assert uploaded == PNG
    graph = record["prompt"][2]
    assert graph["11"]["inputs"]["image"] == path
    assert graph["6"]["inputs"]["text"] == "make it blue"


def test_a_second_workflow_gets_what_has_pictures(tmp_path: Path) -> None:
    edit = saved(editing(), tmp_path)
    with ComfyDouble() as server:
        generator = generator_of(server, edit=edit)
        can = generator.capabilities
        assert (can.edits, can.edits_only, can.sizes) == (1, False, True)
        assert generator_of(server, name=edit).capabilities.edits_only
        draw(server, options={"edit": edit})
        draw(server, options={"edit": edit}, images=(PNG,), instruction="blue")
        plain, edited = (record["prompt"][2] for record in server.history.values())
    assert (len(plain), "11" in edited) == (10, True)
    with ComfyDouble() as server, pytest.raises(BadRequestError, match=r"generator_options\.edit"):
        draw(server, images=(PNG,), instruction="blue")


def test_a_failed_round_is_edited_by_the_second_workflow(tmp_path: Path, store: Store) -> None:
    refined = {"rationale": "-", "instruction": "make the cat red", "prompt": "a red cat"}
    chat = ScriptedChat(
        script={"decompose": criteria(1), "verify": verdicts("n", "y"), "refine": refined}
    )
    with ComfyDouble() as server:
        graph = build_graph(
            mllm=chat, generator="comfyui:z-image-turbo", generator_url=server.url, store=store,
            generator_options={"edit": saved(editing(), tmp_path)}, seed=1, edit=True,
            size="64x48", steps=3,
        )  # fmt: skip
        first, second = graph.invoke({"prompt": "a cat"})["rounds"]
        [before] = server.uploads.values()
        anew, edited = (record["prompt"][2] for record in server.history.values())
    assert before == store.read(first["image"]["sha256"])
    assert (anew["8"]["inputs"]["steps"], edited["3"]["inputs"]["steps"]) == (3, 3)
    assert edited["6"]["inputs"]["text"] == "make the cat red"
    assert second["image"]["made"]["edited"] == first["image"]["sha256"]
    [note] = second["image"]["made"]["notes"]
    assert "takes no `size`; it changed the picture without" in note
    assert "notes" not in first["image"]["made"]


def test_what_a_workflow_lacks_is_said_once_in_the_record(store: Store) -> None:
    with ComfyDouble() as server:
        graph = build_graph(
            mllm=ScriptedChat(), generator="comfyui:z-image-turbo", generator_url=server.url,
            store=store, seed=1, negative="fog", size="64x64",
        )  # fmt: skip
        out = graph.invoke({"prompt": "a cat"})
    made = out["result"]["image"]["made"]
    name = "comfyui:z-image-turbo"
    assert made["notes"] == [f"The generator {name!r} takes no `negative`; it drew without."]
    assert (made["steps"], made["guidance"], made["repeatable"]) == (8, 1.0, False)


def test_only_the_picture_of_the_output_counts(tmp_path: Path) -> None:
    graph = own(**{
        "10": node("PreviewImage", "look", images=["8", 0]),
        "12": node("SaveImage", "output", images=["8", 0], filename_prefix="b/c"),
    })  # fmt: skip
    graph["5"]["inputs"]["device"] = "default"
    with ComfyDouble() as server:
        [picture] = draw(server, name=saved(graph, tmp_path))
        assert picture.data == server.files["output/b/c_00003_.png"]
        del graph["9"], graph["12"]
        [preview] = draw(server, name=saved(graph, tmp_path), seed=8)
        assert preview.data == server.files["temp//ComfyUI_00004_.png"]


# --- progress


def test_without_a_socket_it_asks_until_the_end() -> None:
    steps: list[tuple[int, int]] = []
    with ComfyDouble(sockets=False) as server:
        [picture] = draw(server, progress=lambda *step: steps.append(step))
    assert size_of(picture) == (64, 48)
    assert steps == [(8, 8)]
    assert server.clients == []


def test_a_socket_that_is_lost_costs_nothing_but_its_steps() -> None:
    steps: list[tuple[int, int]] = []
    with ComfyDouble(["deaf"]) as server:
        [picture] = draw(server, progress=lambda *step: steps.append(step))
    assert size_of(picture) == (64, 48)
    assert steps[-1] == (8, 8)
    assert len(server.submitted) == 1


# --- found again


def test_a_picture_that_was_drawn_for_the_call_is_fetched_not_drawn_again() -> None:
    with ComfyDouble() as server:
        [first] = draw(server, key="k")
        [second] = draw(server, key="k")
        assert len(server.submitted) == 1
        assert second.facts["notes"] == ["The server had drawn it for this same call before."]
        draw(server, key="another")
        draw(server, key="k", seed=8)
        draw(server, key="k", options={"inputs": {"model": {"weight_dtype": "fp8_e5m2"}}})
        draw(server)
        draw(server)  # without a key it is nobody's
    assert first.data == second.data
    assert len(set(server.submitted)) == 6


def test_a_job_that_still_waits_or_runs_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ComfyGenerator, "slow", 0.1)  # the second socket takes the first's place
    with ComfyDouble() as one, ComfyDouble() as two:
        for server in (one, two):
            server.go.clear()
        generator = generator_of(one, two)

        async def twice() -> list[Picture]:
            first = asyncio.create_task(generator.generate(asked(key="k")))
            await asyncio.to_thread(wait_until, lambda: one.begun.is_set() or two.begun.is_set())
            again = generator_of(two, one)  # as after a crash: it knows of nothing
            second = asyncio.create_task(again.generate(asked(key="k")))
            await asyncio.to_thread(wait_until, lambda: len(one.clients + two.clients) == 2)
            one.go.set(), two.go.set()
            [[a], [b]] = await asyncio.gather(first, second)
            return [a, b]

        a, b = asyncio.run(twice())
        assert a.data == b.data
        assert len(one.submitted + two.submitted) == 1


def test_a_job_that_failed_is_made_again_under_the_same_id() -> None:
    with ComfyDouble([Fails("torch.OutOfMemoryError", OOM)]) as server:
        with pytest.raises(NoMemoryError):
            draw(server, key="k")
        draw(server, key="k")
        assert len(set(server.submitted)) == 1
        assert len(server.submitted) == 2


def test_a_picture_whose_file_is_gone_is_drawn_again() -> None:
    with ComfyDouble() as server:
        draw(server, key="k")
        server.files.clear()
        server.cache.clear()
        [picture] = draw(server, key="k")
        assert size_of(picture) == (64, 48)
        assert len(server.submitted) == 2


def test_half_a_picture_is_fetched_again_and_not_drawn_again(store: Store) -> None:
    with ComfyDouble() as server:
        server.halves = 1
        out = run(server, store)
        assert len(server.submitted) == 1
    assert out["ledger"]["generator"]["retries"] == 0


def run(server: ComfyDouble, store: Store, url: str = "", **dials: Any) -> Any:
    dials = {"retry_wait": 0, "max_iterations": 1, "size": "64x48", **dials}
    graph = build_graph(
        mllm=ScriptedChat(), generator="comfyui:z-image-turbo", generator_url=url or server.url,
        store=store, seed=1, **dials,
    )  # fmt: skip
    return graph.invoke({"prompt": "a cat"})


# --- cancelled


@pytest.mark.parametrize("modern", [True, False])
def test_a_cancel_stops_the_job_that_runs(modern: bool) -> None:
    with ComfyDouble(modern=modern) as server:
        other = cancelled_while(server, lambda: server.begun.is_set())
        [job] = server.submitted
        wait_until(lambda: server.history.keys() >= {job, other})
        assert server.history[job]["status"]["status_str"] == "error"
        assert server.history[other]["status"]["status_str"] == "success"
        assert server.interrupts == ([] if modern else [{"prompt_id": job}])


@pytest.mark.parametrize("modern", [True, False])
def test_a_cancel_leaves_the_job_of_another_alone(modern: bool) -> None:
    with ComfyDouble(modern=modern) as server:
        server.go.clear()
        other = server.somebody_queues(read_graph("qwen-image"))
        wait_until(server.begun.is_set)
        cancelled_while(server, lambda: len(server.submitted) == 1)
        wait_until(lambda: other in server.history)
        assert server.history[other]["status"]["status_str"] == "success"
        assert server.ran == [other, server.ran[1]]  # ours was never begun
        assert server.submitted[0] not in server.ran
        assert server.interrupts == []


def cancelled_while(server: ComfyDouble, reached: Any) -> str:
    """Cancel a call at a moment, with the job of another behind it; return that job."""
    server.go.clear()

    async def cancel() -> str:
        task = asyncio.create_task(generator_of(server).generate(asked(key="k")))
        await asyncio.to_thread(wait_until, reached)
        other = server.somebody_queues(read_graph("qwen-image"))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return other

    other = asyncio.run(cancel())
    server.go.set()
    return other


def test_what_takes_too_long_is_withdrawn(store: Store) -> None:
    with ComfyDouble() as server:
        server.go.clear()
        with pytest.raises(GeneratorError, match="no answer within 1 s"):
            run(server, store, image_timeout=1, retries=0)
        server.go.set()
        [job] = server.submitted
        wait_until(lambda: job in server.history)
        assert server.history[job]["status"]["status_str"] == "error"


# --- failed


def test_a_missing_model_is_refused_with_what_the_server_says() -> None:
    inputs = {"model": {"unet_name": "z_image_turbo_fp8.safetensors"}}
    with ComfyDouble() as server, pytest.raises(BadRequestError) as raised:
        draw(server, options={"inputs": inputs})
    said = str(raised.value)
    assert "node 1 UNETLoader 'model': Value not in list (unet_name: 'z_image_turbo_fp8" in said
    assert "'z_image_turbo_bf16.safetensors'" in said
    assert "generator_options.inputs.NODE.INPUT" in said


def test_a_node_that_the_server_does_not_know_is_refused(tmp_path: Path) -> None:
    graph = own(**{"30": node("UltraUpscaler", "", image=["8", 0])})
    with ComfyDouble() as server, pytest.raises(BadRequestError) as raised:
        draw(server, name=saved(graph, tmp_path))
    assert "Node 'UltraUpscaler' not found. (Node ID '#30')" in str(raised.value)
    assert "Update ComfyUI, or install" in str(raised.value)


@pytest.mark.parametrize(
    ("plan", "kind", "match"),
    [
        (Fails("torch.OutOfMemoryError", OOM), NoMemoryError, "Tried to allocate 20.00 GiB"),
        (Fails("RuntimeError", "Allocation on device 0"), NoMemoryError, "smaller size"),
        (Fails("RuntimeError", "mat1 and mat2 shapes"), BadRequestError, "node 8 KSampler 'sampl"),
        (Fails("ValueError", "bad", "77"), BadRequestError, "failed in node 77: ValueError: bad"),
        (Fails("requests.ConnectionError", "reset"), TransientError, "ConnectionError: reset"),
        ("interrupted", TransientError, "somebody stopped the job"),
        ("lost", TransientError, "forgot the job"),
    ],
)
def test_a_failure_is_typed_and_keeps_the_text(plan: Any, kind: Any, match: str) -> None:
    with ComfyDouble([plan]) as server, pytest.raises(kind, match=match):
        draw(server, key="k")


@pytest.mark.parametrize("plan", ["lost", Fails("TimeoutError", "hub")])
def test_a_run_outlives_a_restart_and_a_passing_failure(store: Store, plan: Any) -> None:
    with ComfyDouble([plan]) as server:
        out = run(server, store)
        assert len(server.submitted) == 2
    assert out["ledger"]["generator"]["retries"] == 1


def test_a_run_outlives_a_stop_by_somebody_else(store: Store) -> None:
    with ComfyDouble() as server:
        server.go.clear()
        threading.Thread(target=stop_all, args=(server,)).start()
        out = run(server, store)
        assert len(server.submitted) == 2
    assert out["ledger"]["generator"]["retries"] == 1


def stop_all(server: ComfyDouble) -> None:
    wait_until(server.begun.is_set)
    httpx2.post(f"{server.url}/interrupt", json={})
    server.go.set()


def test_a_server_that_is_away_for_a_moment_is_asked_again() -> None:
    with ComfyDouble() as server:
        server.faults["queue"] = [Fault(503), Fault(0), Fault(500)]
        server.faults["view"] = [Fault(0), Fault(502)]
        draw(server)
        assert len(server.submitted) == 1
        server.faults["queue"] = [Fault(503)] * 9
        with pytest.raises(httpx2.HTTPStatusError):
            draw(server, seed=8)
        server.faults["queue"] = [("text/html", b"<h1>proxy</h1>")] * 9  # type: ignore[list-item]
        with pytest.raises(GarbledError, match="none of ComfyUI's"):
            draw(server, seed=9)


def test_a_server_that_hangs_is_given_up_and_the_next_one_draws(store: Store) -> None:
    with ComfyDouble() as one, ComfyDouble() as two:
        one.faults["queue"] = [Hang()] * 99
        out = run(one, store, f"{one.url},{two.url}", image_timeout=1, retries=2)
        assert len(two.submitted) == 1
    assert out["result"]["image"]["made"]["server"] == two.url.removeprefix("http://")


def test_who_looks_for_a_job_does_not_wait_for_a_server_that_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(comfyui, "_GLANCE", 0.2)
    with ComfyDouble() as one, ComfyDouble() as two:
        draw(two, key="k")
        one.faults["queue"] = [Hang()] * 99
        [picture] = draw(one, two, key="k")
        assert (one.submitted, len(two.submitted)) == ([], 1)
    assert picture.facts["server"] == two.url.removeprefix("http://")


def test_a_workflow_without_a_picture_says_so(tmp_path: Path) -> None:
    graph = own()
    graph["5"]["inputs"]["device"] = "default"
    with ComfyDouble() as server, pytest.raises(GarbledError, match="gave no picture"):
        draw(server, name=saved(graph, tmp_path), options={"slots": {"output": "3"}})


@pytest.mark.parametrize("seed", [1, 2])
def test_faults_of_every_kind_change_nothing(store: Store, seed: int) -> None:
    flaky = Flaky(seed, rate=0.3, most=2)
    with ComfyDouble(flaky=flaky) as server:
        graph = build_graph(
            mllm=ScriptedChat(script={"verify": {"evidence": "-", "answer": "no"}}),
            generator="comfyui:z-image-turbo", generator_url=server.url, store=store, seed=1,
            retry_wait=0.01, retries=12, image_timeout=2.0, max_iterations=2, size="64x48",
        )  # fmt: skip

        async def everything() -> list[Any]:
            prompts = [{"prompt": f"cat {k}"} for k in range(8)]
            return await asyncio.gather(*map(graph.ainvoke, prompts))

        outs = asyncio.run(everything())
    assert {out["result"]["stop"]["reason"] for out in outs} == {"max_iterations"}
    assert sum(flaky.struck.values()) > 3


# --- several servers


def test_work_is_shared_and_a_server_that_is_down_costs_no_try(store: Store) -> None:
    with ComfyDouble() as down:
        pass
    with ComfyDouble() as one, ComfyDouble() as two:
        graph = build_graph(
            mllm=ScriptedChat(), generator="comfyui:z-image-turbo", store=store, seed=1,
            generator_url=f"{down.url},{one.url},{two.url}", retry_wait=0, size="64x48",
        )  # fmt: skip

        async def everything() -> list[Any]:
            return await asyncio.gather(*(graph.ainvoke({"prompt": f"cat {k}"}) for k in range(12)))

        outs = asyncio.run(everything())
        assert len(one.submitted) + len(two.submitted) == 12
        assert min(len(one.submitted), len(two.submitted)) >= 3
    assert sum(out["ledger"]["generator"]["retries"] for out in outs) == 0


def test_64_trajectories_over_three_servers_of_which_one_dies(store: Store) -> None:
    with ComfyDouble() as one, ComfyDouble() as two, ComfyDouble() as three:
        graph = build_graph(
            mllm=ScriptedChat(), generator="comfyui:z-image-turbo", store=store, seed=1,
            generator_url=f"{one.url},{two.url},{three.url}", retry_wait=0.01, size="64x48",
        )  # fmt: skip
        threading.Thread(target=die_after, args=(three, 5)).start()

        async def everything() -> list[Any]:
            prompts = [{"prompt": f"cat {k}"} for k in range(64)]
            return await asyncio.gather(*map(graph.ainvoke, prompts))

        outs = asyncio.run(everything())
        assert three.dead
        alive = [len(one.submitted), len(two.submitted)]
    assert {out["result"]["stop"]["reason"] for out in outs} == {"passed"}
    assert min(alive) > 0.5 * max(alive)
    places = {out["result"]["image"]["made"]["server"] for out in outs}
    assert {one.url.removeprefix("http://"), two.url.removeprefix("http://")} <= places
    assert len({out["result"]["image"]["made"]["job"] for out in outs}) == 64


def die_after(server: ComfyDouble, jobs: int) -> None:
    wait_until(lambda: len(server.submitted) >= jobs)
    server.die()


# --- refused before anything is paid


@pytest.mark.parametrize(
    ("dials", "match"),
    [
        ({"generator": "comfyui"}, "needs a workflow: qwen-image"),
        ({"generator": "comfyui:nobody"}, "There is no workflow 'nobody'"),
        ({"generator_options": {"steps": 8}}, "takes no option 'steps'; it takes edit, inputs, sl"),
        ({"generator_url": "localhost:8188"}, "is no http address"),
        ({"size": "100x100"}, "multiples of 16: set size=96x96"),
    ],
)
def test_what_cannot_work_is_refused_before_a_call(
    store: Store, dials: dict[str, Any], match: str
) -> None:
    chat = ScriptedChat()
    with pytest.raises(ConfigError, match=match):
        build_graph(
            **{"mllm": chat, "generator": "comfyui:z-image-turbo", "store": store, **dials}
        ).invoke({"prompt": "p"})
    assert chat.asked("decompose") == []


def test_it_asks_its_own_machine_where_no_address_is_given() -> None:
    generator = open_generator("comfyui:z-image-turbo")
    assert [*generator._at] == ["http://127.0.0.1:8188"]  # type: ignore[attr-defined]
    assert "512 tokens" in generator.capabilities.notes


def test_it_is_listed(gems: Any) -> None:
    listed = gems("generators").out
    assert "comfyui" in listed
    assert "takes: size, ratio, seed, steps, guidance, progress" in listed


def test_gems_generators_try_draws_with_it(gems: Any) -> None:
    with ComfyDouble() as server:
        tried = gems(
            "generators", "try", "comfyui:qwen-image", "--generator-url", server.url,
            "--size", "64x48", "--set", "generator_options.inputs.model.weight_dtype=fp8_e5m2",
        )  # fmt: skip
        [record] = server.history.values()
    assert (tried.code, "64 x 48" in tried.err) == (0, True)
    assert record["prompt"][2]["1"]["inputs"]["weight_dtype"] == "fp8_e5m2"
    assert json.dumps({"comfyui": "0.3.77"}) in tried.err
