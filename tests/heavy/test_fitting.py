"""Options that do not fit a model or this machine are told before any weight is read."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from gems_graph import Store, run
from gems_graph.errors import ConfigError
from gems_graph.generators import GeneratorSpec, open_generator
from gems_graph.testing import ScriptedChat

torch = pytest.importorskip("torch", reason="needs torch: make heavy")
diffusers = pytest.importorskip("diffusers", reason="needs diffusers: make heavy")

from gems_graph.generators.diffusion import loading, private_hooks  # noqa: E402
from gems_graph.generators.diffusion.options import Loading  # noqa: E402

INDEXES: dict[str, dict[str, Any]] = {
    "z-image": {
        "_class_name": "ZImagePipeline",
        "transformer": ["diffusers", "ZImageTransformer2DModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    },
    "edit": {
        "_class_name": "QwenImageEditPipeline",
        "processor": ["transformers", "Qwen2VLProcessor"],
        "transformer": ["diffusers", "QwenImageTransformer2DModel"],
    },
    "old": {
        "_class_name": "StableDiffusion3Pipeline",
        "transformer": ["diffusers", "SD3Transformer2DModel"],
        "vae": ["transformers", "CLIPTextModel"],
    },
    "bare": {"_class_name": "DDIMPipeline", "scheduler": ["diffusers", "DDIMScheduler"]},
}


@pytest.fixture(autouse=True)
def _processor_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (torch.cuda, torch.mps, torch.xpu):
        monkeypatch.setattr(module, "is_available", lambda: False)


@pytest.fixture
def folder(tmp_path: Path) -> Any:
    def make(name: str) -> str:
        (tmp_path / name).mkdir()
        (tmp_path / name / "model_index.json").write_text(json.dumps(INDEXES[name]))
        return str(tmp_path / name)

    return make


UNFIT: dict[str, tuple[str, dict[str, Any], str]] = {
    "a kind of device": ("z-image", {"device": "tpu"}, "'tpu'; it must be: auto, cuda, cuda:1"),
    "no device": ("z-image", {"device": "cuda:1"}, "no device 'cuda:1' here: set the option devi"),
    "precision": ("z-image", {"dtype": "int4"}, "it must be: one of auto, bfloat16, float16, flo"),
    "offload, on a processor": ("z-image", {"offload": "sequential"}, "needs a GPU to offload fr"),
    "attention": ("z-image", {"attention": "fast"}, "no attention 'fast': set the option to one o"),
    "attention, package": ("z-image", {"attention": "xformers"}, "cannot be had here: Xformers"),
    "attention of nothing": ("bare", {"attention": "native"}, "has no denoiser that the option a"),
    "quantization": ("z-image", {"quantization": "4bit"}, "one of none, bitsandbytes-4bit, bits"),
    "bits, on a processor": ("z-image", {"quantization": "bitsandbytes-4bit"}, "needs a GPU: le"),
    "eight bits, on another": (
        "z-image", {"quantization": "bitsandbytes-8bit", "device": "cpu"}, "needs a GPU: leave it"
    ),
    "int8": (
        "z-image", {"quantization": "torchao-int8", "dtype": "float16"}, "needs dtype=bfloat16"
    ),
    "compile": ("old", {"compile": True}, "does not know which blocks of .* to compile: leave o"),
    "compile nothing": ("bare", {"compile": True}, "has no denoiser that the option compile"),
    "tiling": ("old", {"tiling": True}, "The decoder of .* knows no tiles: leave out the option"),
    "revision": ("z-image", {"revision": "main"}, "has no revisions: leave out the option revisi"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNFIT)
def test_an_option_that_does_not_fit_is_refused_before_a_chat_call(
    case: str, folder: Any, store: Store
) -> None:
    model, options, said = UNFIT[case]
    chat = ScriptedChat()
    with pytest.raises(ConfigError, match=said):  # of a folder that has no weights at all
        run("p", mllm=chat, generator=f"diffusers:{folder(model)}", store=store,
            generator_options=options)  # fmt: skip
    assert not chat._asked


FIT: list[tuple[str, dict[str, Any]]] = [
    ("z-image", {"attention": "native", "tiling": True, "compile": True, "offload": "group"}),
    ("z-image", {"dtype": "float16", "device": "cpu"}),
    ("old", {"attention": "_native_math"}),
    ("bare", {}),
]


@pytest.mark.parametrize(("model", "options"), FIT)
def test_what_fits_passes(model: str, options: dict[str, Any], folder: Any) -> None:
    found = loading.pipeline_class(folder(model), Loading(**options))
    assert found.__name__ == INDEXES[model]["_class_name"]


def test_a_package_of_quantization_is_named(folder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "torchao" else find(name)
    )
    spec = GeneratorSpec(
        name=f"diffusers:{folder('z-image')}", options={"quantization": "torchao-float8"}
    )
    with pytest.raises(ConfigError, match="quantization=torchao-float8 needs torchao: pip instal"):
        open_generator(spec)


def test_a_pipeline_whose_encoder_sees_names_the_package_that_it_lacks(
    folder: Any, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "torchvision" else find(name)
    )
    chat = ScriptedChat()
    said = "/edit' needs torchvision, for its Qwen2VLProcessor: pip install torchvision"
    with pytest.raises(ConfigError, match=said):
        run("p", mllm=chat, generator=f"diffusers:{folder('edit')}", store=store)
    assert not chat._asked
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: True)
    assert loading.pipeline_class(folder("z-image"), Loading())


def test_int8_computes_in_bfloat16() -> None:
    assert loading.dtype_of(Loading(quantization="torchao-int8"), "cpu") == "bfloat16"
    assert loading.dtype_of(Loading(), "cpu") == "float32"


def test_what_we_use_of_diffusers_beyond_its_documents_is_as_we_know_it() -> None:
    assert private_hooks.lacks_of_attention("native") == ""
    assert private_hooks.compiles(diffusers.ZImageTransformer2DModel)
    assert not private_hooks.compiles(diffusers.UNet2DModel)
    with pytest.raises(ValueError, match="_repeated_blocks"):
        diffusers.UNet2DModel(
            block_out_channels=(4, 4), norm_num_groups=2,
            down_block_types=("DownBlock2D",) * 2, up_block_types=("UpBlock2D",) * 2,
        ).compile_repeated_blocks()  # fmt: skip
