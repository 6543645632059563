"""Arguments by the signature of a pipeline, presets, and what is missing; needs no torch."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from gems_graph import Store, run
from gems_graph.errors import BadRequestError, ConfigError
from gems_graph.generators import GenerateRequest, open_generator
from gems_graph.generators.diffusion.arguments import Arguments, Model, arguments
from gems_graph.generators.diffusion.code import VARIABLE, is_trusted
from gems_graph.generators.diffusion.form import CallForm
from gems_graph.generators.diffusion.presets import PRESETS, preset_of
from gems_graph.testing import ScriptedChat, paint

PICTURE = paint("p", 1, (70, 40))


class Pipe:
    def __call__(self, prompt: Any = None, height: Any = None, width: Any = None,
                 num_inference_steps: int = 50, guidance_scale: float = 5.0,
                 negative_prompt: Any = None, generator: Any = None,
                 num_images_per_prompt: int = 1,
                 callback_on_step_end: Any = None) -> None: ...  # fmt: skip


class Qwen:
    def __call__(self, prompt: Any = None, negative_prompt: Any = None, true_cfg_scale: float = 4.0,
                 height: Any = None, width: Any = None, num_inference_steps: int = 50,
                 guidance_scale: Any = None, latents: Any = None) -> None: ...  # fmt: skip


class Flux2:
    def __call__(self, image: Any = None, prompt: Any = None, height: Any = None, width: Any = None,
                 num_inference_steps: int = 50, guidance_scale: float = 4.0,
                 prompt_embeds: Any = None) -> None: ...  # fmt: skip


class Img2Img:
    def __call__(self, prompt: Any = None, image: Any = None, strength: float = 0.6,
                 height: Any = None, width: Any = None) -> None: ...  # fmt: skip


class Hunyuan:
    def __call__(self, prompt: Any = None, negative_prompt: Any = None, height: Any = None,
                 width: Any = None,
                 distilled_guidance_scale: float = 3.25) -> None: ...  # fmt: skip


class OmniGen:
    def __call__(self, prompt: Any = None, input_images: Any = None,
                 guidance_scale: float = 2.5) -> None: ...  # fmt: skip


class QwenEdit:
    def __call__(self, image: Any = None, prompt: Any = None, negative_prompt: Any = None,
                 true_cfg_scale: float = 4.0) -> None: ...  # fmt: skip


def called(kind: type, given: dict[str, Any] | None = None, **request: Any) -> Arguments:
    model = request.pop("model", None) or Model(CallForm.of(kind))
    return arguments(model, GenerateRequest(prompt="p", seed=1, **request), given or {})


CALLS: dict[str, tuple[type, dict[str, Any], dict[str, Any]]] = {
    "nothing": (Pipe, {}, {}),
    "all": (Pipe, {"steps": 8, "guidance": 2.0, "negative": "fog", "size": (32, 64)},
            {"num_inference_steps": 8, "guidance_scale": 2.0, "negative_prompt": "fog",
             "width": 32, "height": 64}),
    "no guidance": (Pipe, {"guidance": 0.0}, {"guidance_scale": 0.0}),
    "Qwen guided": (Qwen, {"guidance": 3.0}, {"true_cfg_scale": 3.0, "negative_prompt": " "}),
    "Qwen against": (Qwen, {"guidance": 3.0, "negative": "fog"},
                     {"true_cfg_scale": 3.0, "negative_prompt": "fog"}),
    "Qwen unguided": (Qwen, {"guidance": 1.0}, {"true_cfg_scale": 1.0}),
    "no negative": (Flux2, {"guidance": 3.0, "negative": "fog"}, {"guidance_scale": 3.0}),
    "distilled": (Hunyuan, {"guidance": 3.0}, {"distilled_guidance_scale": 3.0}),
    "ratio": (Pipe, {"ratio": "16:9"}, {"width": 1360, "height": 768}),
    "size before ratio": (Pipe, {"ratio": "16:9", "size": (64, 64)}, {"width": 64, "height": 64}),
    "no size": (OmniGen, {"size": (64, 64)}, {}),
}  # fmt: skip


@pytest.mark.parametrize("case", CALLS)
def test_a_request_becomes_the_arguments_of_a_pipeline(case: str) -> None:
    kind, request, named = CALLS[case]
    assert called(kind, **request).named == {"prompt": "p", **named}


def test_the_request_goes_before_options_and_these_before_the_pipeline() -> None:
    given = {"num_inference_steps": 8, "guidance_scale": 0.0, "unknown": 1}
    assert called(Pipe, given, steps=4).named == {
        "prompt": "p", "num_inference_steps": 4, "guidance_scale": 0.0
    }  # fmt: skip


def test_a_negative_prompt_that_nobody_reads_is_told_of() -> None:
    [note] = called(Pipe, {"guidance_scale": 0.0}, negative="fog").notes
    assert note == "Without guidance (guidance_scale=0) no negative prompt is read."
    [note] = called(Qwen, {"true_cfg_scale": 1.0}, negative="fog").notes
    assert "true_cfg_scale=1" in note
    [note] = called(Qwen).notes
    assert note == "Qwen guides only beside a negative prompt: none was given."
    assert not called(Qwen, negative="fog").notes
    assert called(Qwen, {"true_cfg_scale": 4.0}).named["negative_prompt"] == " "


@pytest.mark.parametrize(
    ("size", "nearest"), [((72, 64), "64x64"), ((64, 1000), "64x992"), ((8, 8), "16x16")]
)
def test_a_size_off_the_grid_is_refused_with_the_nearest(
    size: tuple[int, int], nearest: str
) -> None:
    with pytest.raises(BadRequestError, match=f"multiples of 16, not .*: set size={nearest}"):
        called(Pipe, size=size)


def test_a_ratio_is_drawn_as_trained_or_with_the_usual_area() -> None:
    preset = PRESETS["qwen-image-2512"]
    model = Model(CallForm.of(Qwen), size=preset.size, sizes=preset.sizes)
    named = called(Qwen, model=model, ratio="16:9").named
    assert (named["width"], named["height"]) == (1664, 928)
    named = called(Qwen, model=model, ratio="5:4").named
    assert (named["width"], named["height"]) == (1488, 1184)
    named = called(Qwen, model=model).named
    assert (named["width"], named["height"]) == (1328, 1328)
    with pytest.raises(BadRequestError, match="is no ratio"):
        called(Pipe, ratio="wide")


def test_pictures_go_where_the_pipeline_takes_them() -> None:
    edit = {"images": (PICTURE,), "instruction": "make it blue"}
    call = called(Flux2, **edit)
    assert call.named["prompt"] == "make it blue"
    assert call.named["image"].size == (70, 40)
    assert (call.named["width"], call.named["height"]) == (64, 32)
    assert not call.notes
    assert called(Flux2, images=(PICTURE,)).named["prompt"] == "p"
    assert len(called(Flux2, images=(PICTURE, PICTURE)).named["image"]) == 2
    assert len(called(OmniGen, images=(PICTURE,)).named["input_images"]) == 1
    call = called(Img2Img, images=(PICTURE, PICTURE), instruction="make it blue")
    assert call.named["prompt"] == "p"
    assert call.notes == [
        "Img2Img follows no instruction: it redraws after the prompt.",
        "Img2Img takes one picture: 1 left out.",
    ]


def test_a_pipeline_that_cannot_draw_so_says_it() -> None:
    with pytest.raises(BadRequestError, match="Pipe takes no pictures"):
        called(Pipe, images=(PICTURE,))
    for kind in (Img2Img, QwenEdit):
        with pytest.raises(BadRequestError, match="only changes pictures"):
            called(kind)


def test_capabilities_follow_the_signature() -> None:
    can = CallForm.of(Pipe).capabilities(grid=16, redraws=False, repeatable=True, notes="n")
    assert (can.negative, can.steps, can.guidance, can.ratios, can.progress) == (True,) * 5
    assert (can.edits, can.grid, can.notes, can.concurrency) == (0, 16, "n", 1)
    assert can.options == ["num_inference_steps", "guidance_scale", "negative_prompt"]
    can = CallForm.of(Flux2).capabilities(grid=16, redraws=False, repeatable=True, notes="")
    assert (can.negative, can.edits, can.progress) == (False, 16, False)
    assert can.options == ["num_inference_steps", "guidance_scale"]
    can = CallForm.of(Qwen).capabilities(grid=16, redraws=True, repeatable=True, notes="")
    assert (can.edits, can.edits_only, can.progress) == (1, False, False)
    for kind in (Img2Img, QwenEdit):
        can = CallForm.of(kind).capabilities(grid=16, redraws=False, repeatable=True, notes="")
        assert can.edits_only
        assert can.edits == 1  # a list of pictures would be one of requests
    notes = called(QwenEdit, images=(PICTURE, PICTURE)).notes
    assert notes[0] == "QwenEdit takes one picture: 1 left out."


# ------------------------------------------------------------------ presets and packages


def test_presets_are_known_by_name_hub_id_and_folder() -> None:
    turbo = PRESETS["z-image-turbo"]
    for name in ("z-image-turbo", "Tongyi-MAI/Z-Image-Turbo", "/models/z-image-turbo/"):
        assert preset_of(name) is turbo
    assert preset_of("someone/else") is None
    assert preset_of("Qwen/Qwen-Image-2512") is PRESETS["qwen-image-2512"]
    assert all(preset.notes and preset.languages for preset in PRESETS.values())


def test_a_missing_package_is_told_before_a_chat_call(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "accelerate", None)
    chat = ScriptedChat()
    with pytest.raises(ConfigError, match=r"needs .*accelerate: pip install 'gems-graph\[diffus"):
        run("p", mllm=chat, generator="diffusers:z-image-turbo", store=store)
    assert not chat._asked


@pytest.mark.parametrize("name", ["", "z-image", "./none", "/none/at/all", "a/b/c"])
def test_an_unknown_model_is_told_with_those_that_there_are(name: str) -> None:
    with pytest.raises(ConfigError, match="write diffusers:NAME with z-image-turbo, qwen-image"):
        open_generator(f"diffusers:{name}")


def test_the_hub_is_a_server_that_the_host_allows(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GEMS_SERVERS", "images.example.org")
    with pytest.raises(ConfigError, match=r"'huggingface\.co' is not among"):
        open_generator("diffusers:z-image-turbo")


def test_code_of_a_model_is_run_only_where_the_host_lists_the_model(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert not is_trusted(str(tmp_path))
    monkeypatch.setenv(VARIABLE, os.pathsep.join((f"{tmp_path}/a/..", "some/model")))
    assert is_trusted(str(tmp_path))
    assert is_trusted("some/model")
    assert not is_trusted("some/other")
    assert not is_trusted(str(tmp_path.parent))


def test_nothing_heavy_is_imported_before_it_is_opened() -> None:
    import subprocess

    code = (
        "import sys, gems_graph.generators.diffusers, gems_graph.generators as g;"
        "print({'torch', 'diffusers', 'transformers', 'accelerate'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
