"""Workflows of ComfyUI: which files are taken, and where in them a request goes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gems_graph.errors import BadRequestError, ConfigError
from gems_graph.generators.comfy.graph import ready
from gems_graph.generators.comfy.workflow import Workflow, open_workflow
from gems_graph.generators.request import GenerateRequest
from tests.generators.comfy_nodes import refusal_of

READY = ["qwen-image", "qwen-image-2512", "z-image-turbo"]


def own(**changes: Any) -> dict[str, Any]:
    """Return a workflow as somebody may have exported it: only some of its nodes have titles."""
    graph: dict[str, Any] = {
        "4": node("UNETLoader", unet_name="z_image_turbo_bf16.safetensors", weight_dtype="default"),
        "5": node("CLIPLoader", clip_name="qwen_3_4b.safetensors", type="lumina2"),
        "6": node("CLIPTextEncode", "CLIP Text Encode (Positive Prompt)", text="a", clip=["5", 0]),
        "7": node("CLIPTextEncode", "CLIP Text Encode (Negative Prompt)", text="b", clip=["5", 0]),
        "2": node("EmptyLatentImage", "Empty Latent", width=512, height=768, batch_size=1),
        "3": node(
            "KSampler", "KSampler", seed=9, steps=20, cfg=7.5, sampler_name="euler",
            scheduler="normal", denoise=1, model=["4", 0], positive=["6", 0], negative=["7", 0],
            latent_image=["2", 0],
        ),
        "8": node("VAEDecode", "VAE Decode", samples=["3", 0], vae=["1", 0]),
        "1": node("VAELoader", "Load VAE", vae_name="ae.safetensors"),
        "9": node("SaveImage", "Save Image", images=["8", 0], filename_prefix="ComfyUI"),
    }  # fmt: skip
    return {id_: node for id_, node in {**graph, **changes}.items() if node}


def node(class_type: str, title: str = "", **inputs: Any) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs, "_meta": {"title": title}}


def saved(graph: Any, folder: Path) -> str:
    file = folder / "mine.json"
    file.write_text(json.dumps(graph))
    return str(file)


def opened(graph: Any, folder: Path, **options: Any) -> Workflow:
    return open_workflow(saved(graph, folder), options)


def test_ready_workflows_are_these() -> None:
    assert ready() == READY


@pytest.mark.parametrize("name", READY)
def test_a_ready_workflow_is_one_that_comfyui_takes(name: str) -> None:
    workflow = open_workflow(name, {})
    assert refusal_of(workflow.graph, {}) is None
    takes_negative = name != "z-image-turbo"
    assert {slot for slot, places in workflow.slots.items() if places} == {
        "prompt", "seed", "width", "height", "steps", "guidance",
        *(["negative"] if takes_negative else []),
    }  # fmt: skip
    assert workflow.output == "10"
    assert workflow.grid == 16
    assert workflow.samplers == ["8"]
    filled = workflow.filled(
        GenerateRequest(prompt="p", seed=5, size=(640, 384), negative="fog", steps=3, guidance=2.0)
    )
    assert refusal_of(filled.graph, {}) is None
    sampler = filled.graph["8"]["inputs"]
    assert (sampler["seed"], sampler["steps"], sampler["cfg"]) == (5, 3, 2.0)
    assert filled.graph[sampler["positive"][0]]["inputs"]["text"] == "p"
    if takes_negative:
        assert filled.graph[sampler["negative"][0]]["inputs"]["text"] == "fog"
    assert filled.size == (640, 384)
    assert workflow.graph["8"]["inputs"]["seed"] == 0  # itself it stays as it was


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("z-image-turbo", (1024, 8, 1.0, 3.0, "res_multistep", "z_image_turbo_bf16.safetensors")),
        ("qwen-image", (1328, 20, 2.5, 3.1, "euler", "qwen_image_fp8_e4m3fn.safetensors")),
        (
            "qwen-image-2512",
            (1328, 50, 4.0, 3.1, "euler", "qwen_image_2512_fp8_e4m3fn.safetensors"),
        ),
    ],
)  # fmt: skip
def test_a_ready_workflow_draws_as_its_model_is_made_to(name: str, values: Any) -> None:
    workflow = open_workflow(name, {})
    sampler = workflow.graph["8"]["inputs"]
    shift = workflow.graph["4"]["inputs"]["shift"]
    told = workflow.value("steps"), workflow.value("guidance"), shift, sampler["sampler_name"]
    assert (workflow.value("width"), *told, workflow.model) == values


def test_slots_are_found_by_titles_and_where_only_one_input_can_be_meant(tmp_path: Path) -> None:
    slots = opened(own(), tmp_path).slots
    assert {slot: places[0] if places else () for slot, places in slots.items()} == {
        "prompt": ("6", "text"), "negative": ("7", "text"), "seed": ("3", "seed"),
        "width": ("2", "width"), "height": ("2", "height"), "steps": ("3", "steps"),
        "guidance": ("3", "cfg"), "image": (),
    }  # fmt: skip


def test_a_title_is_a_node_that_only_holds_a_value(tmp_path: Path) -> None:
    graph = own(**{
        "20": node("PrimitiveStringMultiline", "Prompt", value="x"),
        "21": node("PrimitiveInt", "seed", value=1),
        "22": node("PrimitiveInt", "width", value=64),
        "23": node("PrimitiveInt", "height", value=64),
        "6": node("CLIPTextEncode", "", text=["20", 0], clip=["5", 0]),
    })  # fmt: skip
    slots = opened(graph, tmp_path).slots
    assert [slots[s][0] for s in ("prompt", "seed", "width", "height")] == [
        ("20", "value"), ("21", "value"), ("22", "value"), ("23", "value"),
    ]  # fmt: skip


def test_slots_are_given_by_id_by_title_and_by_several_places(tmp_path: Path) -> None:
    given = {"prompt": "7", "negative": "none", "seed": "ksampler.seed", "guidance": "none"}
    slots = opened(own(), tmp_path, slots={**given, "size": 2}).slots
    assert slots["prompt"] == (("7", "text"),)
    assert slots["seed"] == (("3", "seed"),)
    assert (slots["width"], slots["height"]) == ((("2", "width"),), (("2", "height"),))
    assert (slots["negative"], slots["guidance"]) == ((), ())
    both = opened(own(), tmp_path, slots={"prompt": "6.text, 7.text"})
    filled = both.filled(GenerateRequest(prompt="twice", seed=1)).graph
    assert [filled[i]["inputs"]["text"] for i in "67"] == ["twice", "twice"]


def test_a_prompt_that_cannot_be_told_is_refused_with_the_nodes(tmp_path: Path) -> None:
    graph = own(**{i: node("CLIPTextEncode", "Encode", text="", clip=["5", 0]) for i in "67"})
    with pytest.raises(ConfigError) as raised:
        opened(graph, tmp_path)
    assert "title `prompt`" in str(raised.value)
    assert "generator_options.slots.prompt=NODE.INPUT" in str(raised.value)
    assert "6 CLIPTextEncode 'Encode' (text); 7 CLIPTextEncode 'Encode' (text)" in str(raised.value)
    assert "3 KSampler (seed, steps, cfg, sampler_name, scheduler, denoise)" in str(raised.value)
    slots = opened(graph, tmp_path, slots={"prompt": "6"}).slots
    assert slots["prompt"] == (("6", "text"),)


def test_a_missing_seed_is_refused_unless_that_is_meant(tmp_path: Path) -> None:
    graph = own()
    graph["3"]["inputs"]["seed"] = ["2", 0]
    with pytest.raises(ConfigError, match=r"take the seed .*slots\.seed=NODE\.INPUT"):
        opened(graph, tmp_path)
    assert opened(graph, tmp_path, slots={"seed": "none"}).slots["seed"] == ()


@pytest.mark.parametrize(
    ("slots", "match"),
    [
        ({"prompt": "77"}, r"no single input '77' \(generator_options\.slots\.prompt\)"),
        ({"prompt": "6.words"}, r"no single input '6\.words'"),
        ({"prompt": "CLIPTextEncode"}, "no single input"),  # there are two
        ({"output": "77"}, r"slots\.output=NODE"),
        ({"colour": "6"}, "slots are negative, prompt, seed"),
        ("6", r"generator_options\.slots\.SLOT=NODE\.INPUT"),
    ],
)
def test_a_slot_that_is_not_there_is_refused(tmp_path: Path, slots: Any, match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        opened(own(), tmp_path, slots=slots)


def test_two_nodes_of_one_title_are_refused(tmp_path: Path) -> None:
    twice = {i: node("CLIPTextEncode", "prompt", text="", clip=["5", 0]) for i in "67"}
    with pytest.raises(ConfigError, match="have the title of the slot `prompt`"):
        opened(own(**twice), tmp_path)


def test_of_several_that_save_pictures_one_must_be_named(tmp_path: Path) -> None:
    second = node("SaveImage", "Save Image", images=["8", 0], filename_prefix="x")
    with pytest.raises(ConfigError, match="Which picture of the workflow"):
        opened(own(**{"10": second}), tmp_path)
    assert opened(own(**{"10": second}), tmp_path, slots={"output": "10"}).output == "10"
    second["_meta"]["title"] = "Output"
    assert opened(own(**{"10": second}), tmp_path).output == "10"


def test_a_workflow_of_the_pages_is_refused_with_the_remedy(tmp_path: Path) -> None:
    pages = {"last_node_id": 3, "nodes": [{"id": 3, "type": "KSampler"}], "links": [[1, 4, 0]]}
    with pytest.raises(ConfigError, match=r"own pages.*Workflow > Export \(API\)"):
        opened(pages, tmp_path)


@pytest.mark.parametrize(
    "graph", [[], {}, {"3": {"class_type": "KSampler"}}, {"3": 4}, "words", None]
)
def test_what_is_no_workflow_is_refused(tmp_path: Path, graph: Any) -> None:
    with pytest.raises(ConfigError, match=r"none of ComfyUI's.*Export \(API\)"):
        opened(graph, tmp_path)


def test_a_file_that_is_no_json_or_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "half.json").write_text('{"3": {')
    with pytest.raises(ConfigError, match="is no JSON"):
        open_workflow(str(tmp_path / "half.json"), {})
    with pytest.raises(ConfigError, match="name qwen-image, qwen-image-2512, z-image-turbo, or"):
        open_workflow("z-image", {})
    with pytest.raises(ConfigError, match="There is no workflow"):
        open_workflow(str(tmp_path), {})


def test_a_link_to_a_node_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="input 'vae' of node 8 comes from node 1"):
        opened(own(**{"1": None}), tmp_path)


def test_the_body_of_a_request_is_a_workflow(tmp_path: Path) -> None:
    assert opened({"prompt": own(), "client_id": "x"}, tmp_path).graph == own()


def test_inputs_are_set_by_id_title_or_class(tmp_path: Path) -> None:
    inputs = {"UNETLoader": {"unet_name": "mine.safetensors"}, "KSampler": {"scheduler": "karras"}}
    graph = opened(own(), tmp_path, inputs={**inputs, "2": {"batch_size": 2}}).graph
    assert graph["4"]["inputs"]["unet_name"] == "mine.safetensors"
    assert graph["3"]["inputs"]["scheduler"] == "karras"
    assert graph["2"]["inputs"]["batch_size"] == 2


@pytest.mark.parametrize(
    ("inputs", "match"),
    [
        ({"KSampler": {"sampler": "x"}}, r"no single input 'KSampler\.sampler'"),
        ({"CLIPTextEncode": {"text": "x"}}, "no single input"),
        ({"3": {"seed": ["1", 0]}}, "takes text, a number, true or false"),
        ({"3": 4}, r"NODE\.INPUT=VALUE"),
        ([1], r"NODE\.INPUT=VALUE"),
    ],
)
def test_inputs_that_are_not_there_are_refused(tmp_path: Path, inputs: Any, match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        opened(own(), tmp_path, inputs=inputs)


def test_a_ratio_keeps_the_area_of_the_workflow(tmp_path: Path) -> None:
    filled = open_workflow("z-image-turbo", {}).filled(
        GenerateRequest(prompt="p", seed=1, ratio="16:9")
    )
    assert filled.size == (1360, 768)
    sized = opened(own(), tmp_path).filled(
        GenerateRequest(prompt="p", seed=1, ratio="16:9", size=(64, 96))
    )
    assert sized.size == (64, 96)


def test_guidance_of_none_is_a_cfg_of_one() -> None:
    filled = open_workflow("z-image-turbo", {}).filled(
        GenerateRequest(prompt="p", seed=1, guidance=0)
    )
    assert filled.value("guidance") == 1.0


def test_what_is_not_asked_for_stays_as_the_workflow_has_it(tmp_path: Path) -> None:
    workflow = opened(own(), tmp_path)
    filled = workflow.filled(GenerateRequest(prompt="p", seed=1)).graph
    filled["6"]["inputs"]["text"], filled["3"]["inputs"]["seed"] = "a", 9
    assert filled == workflow.graph


def test_pictures_go_to_their_nodes_in_the_order_of_the_titles(tmp_path: Path) -> None:
    graph = own(**{
        "12": node("LoadImage", "image 2", image="a.png"),
        "11": node("LoadImage", "Image", image="b.png"),
    })  # fmt: skip
    workflow = opened(graph, tmp_path)
    request = GenerateRequest(prompt="p", seed=1, images=(b"one", b"two"), instruction="blue")
    filled = workflow.filled(request).graph
    assert filled["11"]["inputs"]["image"].startswith("gems/7692c3ad3540bb80")  # SHA-256 of "one"
    assert filled["12"]["inputs"]["image"].startswith("gems/3fc4ccfe745870e2")
    assert filled["6"]["inputs"]["text"] == "blue"
    with pytest.raises(BadRequestError, match=r"takes 2 pictures at most, not 3.*LoadImage"):
        workflow.filled(GenerateRequest(prompt="p", seed=1, images=(b"1", b"2", b"3")))
