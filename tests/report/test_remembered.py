"""What an exported picture says of itself, and what it never says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from gems_graph import Store, Trajectory, run
from gems_graph.images.texts.carried import MOST, NOTHING, carried_in, weight
from gems_graph.report.remembered import exported, open_name, remembered
from gems_graph.settings import Settings
from gems_graph.settings.repeating import repeatable
from gems_graph.testing import ChatServer, ImageServer, ScriptedChat
from tests.conftest import HARD, Gems, two_rounds

SECRET = "sk-SENTINEL0badc0de"


def test_every_file_of_a_run_tells_its_own_round(store: Store, tmp_path: Path) -> None:
    made = run(HARD, store=store, seed=1, generator_options={})
    folder = made.save(tmp_path / "run")
    first, second = made.rounds
    told = [carried_in((folder / f"round-{n}.png").read_bytes()).facts for n in (1, 2)]
    assert [(f["round"], f["seed"]) for f in told] == [(1, 1), (2, second["seed"])]
    assert [f["drawn"] for f in told] == [first["prompt"], second["prompt"]]
    chosen = carried_in((folder / "image.png").read_bytes())
    assert chosen.facts == told[1]
    assert chosen.facts["prompt"] == HARD
    assert chosen.facts["trajectory"] == made.state["trajectory"]
    assert chosen.facts["models"] == {"mllm": "mini", "generator": "mini"}
    assert {each["answer"] for each in chosen.facts["criteria"]} == {"yes"}
    assert chosen.parameters.startswith(f"{second['prompt']}\nSeed: {second['seed']}, Size: ")
    for name in ("fox.png", "fox.jpg", "fox.jpeg", "fox.webp"):
        assert carried_in(made.save(tmp_path / name).read_bytes()).facts == told[1]
    for ref in (first["image"], second["image"]):  # the store keeps what was drawn
        assert carried_in(store.read(ref["sha256"])) == NOTHING


def test_pictures_are_bare_where_metadata_is_off(store: Store, tmp_path: Path) -> None:
    made = run("a red fish", store=store, metadata=False)
    folder = made.save(tmp_path / "run")
    for file in (folder / "image.png", folder / "round-1.png", made.save(tmp_path / "f.jpg")):
        assert carried_in(file.read_bytes()) == NOTHING


def test_what_a_host_wrote_into_a_picture_stays_in_the_store(store: Store, tmp_path: Path) -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("workflow", '{"secret": 1}')
    texts.add_text("parameters", "theirs")
    theirs = tmp_path / "theirs.png"
    Image.new("RGB", (64, 64), "red").save(theirs, pnginfo=texts)
    data = theirs.read_bytes()
    made = run("a fox", mllm=ScriptedChat(), generator=lambda prompt: data, store=store)
    folder = made.save(tmp_path / "run")
    assert store.read(made.rounds[0]["image"]["sha256"]) == data
    for file in (folder / "round-1.png", folder / "image.png", made.save(tmp_path / "a.jpg")):
        assert b"secret" not in file.read_bytes()
        assert b"theirs" not in file.read_bytes()


def test_addresses_paths_and_keys_never_travel(
    gems: Gems, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMS_API_KEY", SECRET)
    (tmp_path / "extra").mkdir()
    wish = f"a poster with {SECRET} on it"
    with ChatServer(two_rounds()) as chat, ImageServer() as images:
        options = [
            "--mllm", "compat:/srv/models/m", "--mllm-url", f"{chat.url}/v1",
            "--generator", f"http:{images.url}/generate?steps=8", "--out", "out",
            "--role", f"judge=compat:{tmp_path}/judge.gguf", "--thread", f"{tmp_path}/t",
            "--skills", str(tmp_path / "extra"), "--set", 'generator_options={"place": "/etc/x"}',
            "--set", f'extra_body={{"see": "{chat.url}"}}',
        ]  # fmt: skip
        assert gems("run", wish, *options).code == 0
        places = [chat.url, images.url, "127.0.0.1", "localhost", str(tmp_path), "/srv", "/etc"]
    for file in Path("out").glob("*.png"):
        found = carried_in(file.read_bytes())
        told = json.dumps(found)
        assert [place for place in [*places, SECRET] if place in told] == []
        if file.stem != "rounds":
            assert found.facts["prompt"] == "a poster with *** on it"
            assert found.facts["models"] == {"mllm": "compat", "generator": "http",
                                             "judge": "compat"}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("mini", "mini"), ("openai:gpt-image-1", "openai:gpt-image-1"),
        ("compat:Qwen/Qwen3-VL", "compat:Qwen/Qwen3-VL"), ("svg:openai:gpt-5", "svg:openai:gpt-5"),
        ("http:http://host:1/x", "http"), ("comfyui:flow.json", "comfyui"),
        ("diffusers:/home/me/model", "diffusers"), ("diffusers:../model", "diffusers"),
        ("diffusers:C:\\models\\x", "diffusers"), ("/home/me/model", ""), ("~/model", ""),
        ("diffusers:models/ours", "diffusers"), ("python:Painter", "python:Painter"),
        ("openai:x,http:https://host/y", "openai"), ("model.safetensors", ""),
    ],
)  # fmt: skip
def test_models_are_named_without_places(name: str, told: str) -> None:
    Path("models/ours").mkdir(parents=True)
    assert open_name(name) == told


def test_no_dial_that_opens_or_spends_travels() -> None:
    left_out = {name for name in Settings.model_fields if name not in repeatable()}
    assert left_out >= {
        "mllm", "mllm_url", "generator", "generator_url", "generator_options", "extra_body",
        "roles", "prices", "prompts", "skills", "budget", "max_cost", "max_images", "retries",
        "promptist_model", "generator_notes", "pause",
    }  # fmt: skip
    assert repeatable() >= {"seed", "size", "max_iterations", "preset", "strategy", "negative"}


@pytest.mark.parametrize("letter", ["a", "λ", "两", "🟥", "\u0001"])
@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_long_text_is_cut_to_what_fits_and_said_to_be(
    letter: str, form: str, tmp_path: Path
) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "x", form)
    data = (tmp_path / "x").read_bytes()
    attempt = {"n": 1, "prompt": letter * 40_000, "seed": 3}
    rounds = [{**attempt, "verdicts": []}] * 50
    dials = {"negative": letter * 4_000, "seed": 3}
    state: dict[str, Any] = {"prompt": letter * 50_000, "settings": dials, "rounds": rounds}
    told = remembered(state, attempt, {}, data)
    assert 2_000 < weight(told, data) <= MOST
    assert {"prompt", "drawn"} <= {*told.facts["cut"]}
    written = exported(data, state, attempt, {})
    assert len(written) < len(data) + MOST + 200
    assert carried_in(written) == told


def test_a_state_without_settings_still_tells_prompt_and_seed(store: Store, tmp_path: Path) -> None:
    made = run("a red fish", store=store, seed=5)
    bare = {name: value for name, value in made.state.items() if name != "settings"}
    told = carried_in(Trajectory(bare, store).save(tmp_path / "x.png").read_bytes()).facts
    assert (told["prompt"], told["settings"]) == ("a red fish", {"seed": 5})
