"""A generator's options: the five ways to set them, who takes them, and what they cost."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from gems_graph import Store, build_graph, cli
from gems_graph.calls.budget import Place
from gems_graph.errors import ConfigError
from gems_graph.events import Event
from gems_graph.generators import (
    Capabilities,
    GeneratorSpec,
    capabilities_of,
    check_pictures,
    check_request,
    edits_of,
    open_generator,
)
from gems_graph.runtime.loop import BACKGROUND
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.settings import from_env, from_file, settle
from gems_graph.testing import ChatServer, Fault, ImageServer, Painter, ScriptedChat
from tests.conftest import criteria


def run(**build: Any) -> Any:
    return build_graph(mllm=ScriptedChat(), max_iterations=1, **build)


@pytest.mark.parametrize("way", ["spec", "dials", "environment", "file", "context"])
def test_an_option_reaches_the_server_by_every_way(
    way: str, store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with ImageServer() as images:
        url, build, context = images.url, dict[str, Any](), dict[str, Any]()
        dials = {"generator": "http", "generator_url": url, "generator_options": {"steps": 8}}
        if way == "spec":
            build["generator"] = GeneratorSpec(name="http", url=url, options={"steps": 8})
        elif way == "dials":
            build = dials
        elif way == "environment":
            monkeypatch.setenv("GEMS_GENERATOR", "http")
            monkeypatch.setenv("GEMS_GENERATOR_URL", url)
            monkeypatch.setenv("GEMS_GENERATOR_STEPS", "8")
        elif way == "file":
            text = f'generator = "http"\ngenerator_url = "{url}"\n[generator_options]\nsteps = 8\n'
            (tmp_path / "gems.toml").write_text(text)
            build["settings"] = settle(from_file(tmp_path / "gems.toml"))
        else:
            context = dials
        out = run(store=store, **build).invoke({"prompt": "p"}, context=context)
        [request] = images.requests
    assert (request["steps"], request["prompt"]) == ("8", "p")
    assert out["result"]["success"]


@pytest.mark.parametrize("given", ["generator_options.steps=8", 'generator_options={"steps": 8}'])
def test_an_option_reaches_the_server_by_the_command_line(
    given: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with ImageServer() as images, ChatServer({"decompose": criteria(1)}) as chat:
        arguments = ["--generator", "http", "--set", f"generator_url={images.url}", "--set", given]
        models = ["--mllm", "compat:m", "--mllm-url", chat.url, "--quiet"]
        monkeypatch.setattr(sys, "argv", ["gems", "run", "p", *arguments, *models])
        with pytest.raises(SystemExit) as exited:
            cli.main()
        assert exited.value.code == 0
        assert images.requests[0]["steps"] == "8"


def test_steps_of_mini_change_the_picture_and_are_reported(store: Store) -> None:
    events: list[Event] = []

    async def draw(steps: int | None = None) -> Any:
        settings = settle({"steps": steps})
        toolbox = Toolbox(settings, store, place=Place("t", 4))
        toolbox.tell = events.append
        return await toolbox.generate("a red fish", 1)

    few = BACKGROUND.run(lambda: draw(3))
    assert few["made"]["steps"] == 3
    assert [(e["type"], e["round"]) for e in events] == [  # type: ignore[typeddict-item]
        ("round_started", 4), *[("progress", 4)] * 3, ("picture_ready", 4)
    ]  # fmt: skip
    assert [(e["done"], e["of"]) for e in events if e["type"] == "progress"] == [
        (1, 3), (2, 3), (3, 3)
    ]  # fmt: skip
    assert events[0] == {
        "type": "round_started", "round": 4, "prompt": "a red fish", "seed": 1,
    }  # fmt: skip
    assert events[-1]["image"] == few  # type: ignore[typeddict-item]
    assert json.loads(json.dumps(events)) == events
    assert BACKGROUND.run(draw)["sha256"] != few["sha256"]
    settings = settle({"generator_options": {"steps": 3}})
    by_option = BACKGROUND.run(lambda: Toolbox(settings, store).generate("a red fish", 1))
    assert by_option["sha256"] == few["sha256"]


def check(store: Store, made: Any = None, **dials: Any) -> None:
    BACKGROUND.run(Toolbox(settle(dials), store, generator=made).check)


@pytest.mark.parametrize(
    ("dials", "said"),
    [
        ({"generator_options": {"speed": 9}}, r"'mini' takes no option 'speed'; it takes steps\."),
        ({"generator_options": {"steps": "many"}}, "whole number from 1 to 100"),
        ({"generator": "nobody"}, "no generator 'nobody'"),
        ({"generator": "http"}, "no http address"),
        ({"generator": "http:http://h/", "generator_options": {"seed": 1}}, "already"),
        ({"generator": "http:http://h/", "max_cost": 1.0, "mllm": "mini"}, "price of 'http:"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_paid(
    store: Store, dials: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        check(store, **dials)
    chat = ScriptedChat()
    if "mllm" not in dials:
        with pytest.raises(ConfigError, match=said):
            build_graph(mllm=chat, store=store, **dials).invoke({"prompt": "p"})
        assert not chat._asked


def test_a_price_of_its_own_is_the_generators_and_stays_in_the_ledger(store: Store) -> None:
    with ImageServer() as images:
        made = run(generator=f"http:{images.url}", generator_price=0.25, store=store, max_cost=9.0,
                   prices={"ScriptedChat": {}, "http": {"image": 99}})  # fmt: skip
        assert made.invoke({"prompt": "p"})["ledger"]["generator"]["cost"] == 0.25


def test_an_object_of_the_caller_has_its_own_options(store: Store) -> None:
    check(store, Painter())
    with pytest.raises(ConfigError, match="'painter' is an object of yours"):
        check(store, Painter(), generator_options={"steps": 8})


def test_concurrency_of_the_generator_is_its_own(store: Store) -> None:
    with ImageServer(delay=0.02) as images:
        made = run(generator=f"http:{images.url}", generator_concurrency=2, store=store)
        made.batch([{"prompt": f"p{k}"} for k in range(8)])
        assert images.most_at_once == 2


def test_another_generator_keeps_none_of_the_options() -> None:
    low = {"generator": "http", "generator_url": "http://h", "generator_options": {"steps": 8}}
    kept = settle(low, {"generator_options": {"guidance": 0}, "generator": "http"}).generator_spec
    assert (kept.url, kept.options) == ("http://h", {"steps": 8, "guidance": 0})
    assert settle(low, {"generator": "mini"}).generator_spec == GeneratorSpec(name="mini")
    assert settle(low, {"generator_options": {"steps": None}}).generator_spec.options == {}


def test_the_key_is_no_setting_and_no_credential_is_an_option() -> None:
    assert from_env({"GEMS_GENERATOR_KEY": "sk"}) == {}
    both = {"GEMS_GENERATOR_OPTIONS": '{"steps": 4, "a": "x"}', "GEMS_GENERATOR_STEPS": "8"}
    assert from_env(both) == {"generator_options": {"steps": 8, "a": "x"}}
    with pytest.raises(ConfigError, match="GEMS_GENERATOR_KEY") as caught:
        settle(from_env({"GEMS_GENERATOR_API_KEY": "sk-sentinel"}))
    assert "sentinel" not in str(caught.value)
    with pytest.raises(ConfigError, match="generator_options") as caught:
        settle({"generator_options": {"device": object()}})


# ------------------------------------------------------------------ plugins' openers


class Sized(Painter):
    capabilities = Capabilities(sizes=False)


def test_openers_of_one_and_of_two_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[Any] = []
    openers: dict[str, Any] = {
        "one": lambda argument: taken.append([argument]) or Painter(),
        "one_more": lambda argument, device="cpu": taken.append([argument, device]) or Painter(),
        "two": lambda argument, spec: taken.append([argument, spec.options]) or Painter(),
        "any": lambda *given: taken.append([given[0], given[1].name]) or Painter(),
    }
    monkeypatch.setattr("gems_graph.plugins.load", lambda room, name, *how: openers[name])
    for name in openers:
        open_generator(f"{name}:x")
    assert taken == [["x"], ["x", "cpu"], ["x", {}], ["x", "any:x"]]
    with pytest.raises(ConfigError, match="neither options nor an address"):
        open_generator(GeneratorSpec(name="one:x", options={"steps": 1}))
    with pytest.raises(ConfigError, match="takes no option 'steps'; it takes none"):
        open_generator(GeneratorSpec(name="two:x", options={"steps": 1}))


def test_capabilities_are_declared_and_not_guessed() -> None:
    assert capabilities_of(Painter()) == Capabilities()
    assert capabilities_of(open_generator("mini")).repeatable
    check_request(GeneratorSpec(name="s"), Sized())
    with pytest.raises(ConfigError, match="takes no size"):
        check_request(GeneratorSpec(name="s"), Sized(), (64, 64))


def test_a_failing_server_is_told_by_name(store: Store) -> None:
    with ImageServer([Fault(401)]) as images:
        spec = GeneratorSpec(name="http", url=images.url)
        with pytest.raises(Exception, match="The generator 'http': HTTP 401"):
            run(generator=spec, store=store).invoke({"prompt": "p"})


# ------------------------------------------------------------------ pictures to go by


class Editor:
    """Draws from pictures alone."""

    name = "editor"
    capabilities = Capabilities(edits=2, edits_only=True)

    async def generate(self, request: Any) -> Any:
        """Draw nothing: nobody comes this far."""
        raise AssertionError

    async def aclose(self) -> None:
        """Hold nothing."""


def test_what_only_edits_is_refused_before_a_chat_call(store: Store) -> None:
    chat = ScriptedChat()
    with pytest.raises(ConfigError, match="'editor' only changes pictures: give it one"):
        build_graph(mllm=chat, generator=Editor(), store=store).invoke({"prompt": "p"})
    assert not chat._asked


@pytest.mark.parametrize(
    ("can", "pictures", "edit", "said"),
    [
        (Capabilities(), 1, False, r"takes no pictures .*: leave out `images` \(--image\), or na"),
        (Capabilities(), 0, True, "takes no pictures to go by or to edit: set edit=false, or name"),
        (Capabilities(edits=1), 2, False, "takes 1 picture at a time, not 2: give fewer"),
        (Capabilities(edits=2), 2, True, ""),
        (Capabilities(edits=2), 3, True, "2 pictures at a time, not 3: give fewer"),
        (Capabilities(edits=2, edits_only=True), 0, True, "only changes pictures"),
        (Capabilities(edits=2, edits_only=True), 1, True, ""),
        (Capabilities(), 0, False, ""),
    ],
)
def test_pictures_that_a_generator_does_not_take_are_refused(
    can: Capabilities, pictures: int, edit: bool, said: str
) -> None:
    if not said:
        return check_pictures("g", can, pictures, edit=edit)
    with pytest.raises(ConfigError, match=said):
        check_pictures("g", can, pictures, edit=edit)


def test_whether_it_edits_is_one_of_three() -> None:
    assert edits_of(Capabilities()) == "none"
    assert edits_of(Capabilities(edits=1)) == "can"
    assert edits_of(Capabilities(edits=1, edits_only=True)) == "only"
