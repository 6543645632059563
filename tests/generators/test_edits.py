"""Pictures to go by, and edits: refused where they cannot be, sent where they can, and recorded."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from PIL import Image

from gems_graph import Store, build_graph, run
from gems_graph.errors import BadRequestError, ConfigError, UsageError
from gems_graph.generators import (
    Capabilities,
    GenerateRequest,
    GeneratorSpec,
    Picture,
    adapt,
    capabilities_of,
)
from gems_graph.report.page import rounds_of
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.settings import Settings
from gems_graph.testing import ChatServer, ImageServer, ScriptedChat, check_generator, paint
from tests.conftest import Gems, criteria, prompts_of, verdicts
from tests.generators.strict import PictureServer

CAT, DOG = paint("cat", 1, (32, 32)), paint("dog", 2, (32, 32))
REFINED = {"rationale": "-", "instruction": "make the cat red", "prompt": "a red cat on a mat"}


class Editor:
    """A generator that edits, and remembers its requests."""

    name = "editor"

    def __init__(self, **can: Any) -> None:
        self.capabilities = Capabilities(**{"edits": 4, **can})
        self.requests: list[GenerateRequest] = []

    async def generate(self, request: GenerateRequest) -> list[Picture]:
        self.requests.append(request)
        words = f"{request.prompt} {len(self.requests)}"
        return [Picture(data=paint(words, request.seed, (32, 32)))]

    async def aclose(self) -> None:
        """Hold nothing."""


def failing(rounds: int = 3, **script: Any) -> ScriptedChat:
    words = ["n"] * (rounds - 1) + ["y"]
    verify = verdicts(*words)
    return ScriptedChat(
        script={"decompose": criteria(1), "verify": verify, "refine": REFINED, **script}
    )


def graph(generator: Any, store: Store, chat: Any = None, **dials: Any) -> Any:
    chat = chat or failing()
    return build_graph(mllm=chat, generator=generator, store=store, **{"seed": 5, **dials})


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def data_url(data: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


# ------------------------------------------------------------------ pictures to go by


def test_pictures_of_the_users_reach_every_round_and_are_kept(store: Store) -> None:
    editor, chat = Editor(), failing(2)
    Path("cat.png").write_bytes(CAT)
    dog = Image.open(io.BytesIO(DOG))
    out = run(
        "a cat", images=["cat.png", dog], mllm=chat, generator=editor, store=store, seed=5
    ).state
    assert [len(request.images) for request in editor.requests] == [2, 2]
    assert editor.requests[0].images[0] == CAT
    assert not any(request.instruction for request in editor.requests)
    [cat, kept_dog] = out["references"]
    assert cat["sha256"] == sha(CAT)
    assert store.open(kept_dog).getpixel((0, 0)) == dog.convert("RGB").getpixel((0, 0))
    made = out["rounds"][0]["image"]["made"]
    assert made["images"] == [cat["sha256"], kept_dog["sha256"]]
    assert "edited" not in made


@pytest.mark.parametrize("form", ["data", "reference"])
def test_a_graph_takes_addresses_and_references(form: str, store: Store) -> None:
    editor = Editor()
    given: Any = data_url(CAT) if form == "data" else store.put_image(CAT)
    config: Any = {"configurable": {"thread_id": "t"}}
    made = graph(editor, store, checkpointer=InMemorySaver())
    out = made.invoke({"prompt": "a cat", "images": [given]}, config)
    assert out["references"][0]["sha256"] == sha(CAT)
    json.dumps(out)
    again = made.invoke({"prompt": "a cat"}, config)  # another trajectory has none
    assert again["references"] == []
    assert editor.requests[-1].images == ()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("/etc/passwd", "takes `data:` addresses and references"),
        ("data:image/png;base64,!!", "holds no base64"),
        (data_url(b"<html>"), "no whole picture in PNG, JPEG or WebP"),
        ({"sha256": "0" * 64}, "missing from the image store"),
        ({"sha256": "../../x"}, "no name in the image store"),
        (7, "no picture to go by"),
    ],
)
def test_what_is_no_picture_is_refused_before_anything_is_paid(
    given: Any, said: str, store: Store
) -> None:
    chat = failing()
    with pytest.raises(Exception, match=said):
        graph(Editor(), store, chat).invoke({"prompt": "a cat", "images": [given]})
    assert not chat._asked


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (Path("none.png"), "Cannot read the picture none.png"),
        (b"GIF89a", "A picture of 6 bytes is no whole picture"),
        (3, "no picture to go by"),
    ],
)
def test_run_says_what_is_wrong_with_a_picture(given: Any, said: str, store: Store) -> None:
    with pytest.raises(UsageError, match=said):
        run("a cat", images=[given], mllm=failing(), generator=Editor(), store=store)


@pytest.mark.parametrize("generator", ["mini", "http:http://localhost:1/x", "svg"])
def test_a_generator_that_takes_none_is_refused_before_anything_is_paid(
    generator: str, store: Store
) -> None:
    chat = failing()
    with pytest.raises(ConfigError, match=r"takes no pictures .*: leave out `images` \(--image\)"):
        graph(generator, store, chat).invoke({"prompt": "a cat", "images": [data_url(CAT)]})
    with pytest.raises(ConfigError, match=r"takes no pictures .*: set edit=false"):
        graph(generator, store, chat, edit=True).invoke({"prompt": "a cat"})
    assert not chat._asked


def test_every_member_of_a_chain_must_take_them(store: Store) -> None:
    with pytest.raises(ConfigError, match="'mini' takes no pictures"):
        graph("openai:m,mini", store, generator_url="http://localhost:1/v1").invoke(
            {"prompt": "a cat", "images": [data_url(CAT)]}
        )


def test_one_that_only_edits_draws_with_a_picture(store: Store) -> None:
    editor = Editor(edits_only=True)
    out = graph(editor, store, failing(2)).invoke({"prompt": "a", "images": [data_url(CAT)]})
    assert out["result"]["success"]
    assert all(request.images == (CAT,) for request in editor.requests)


def test_one_that_only_edits_is_tested_with_a_picture() -> None:
    editor = Editor(edits_only=True, sizes=False)
    assert "it edits a picture" in asyncio.run(check_generator(editor))
    assert all(request.images for request in editor.requests)


def test_a_function_takes_pictures_under_their_name(store: Store) -> None:
    seen: list[Any] = []

    def draw(prompt: str, images: Any = (), instruction: str = "") -> bytes:
        seen.append((len(images), instruction))
        return paint(f"{prompt} {len(seen)}", 1, (32, 32))

    graph(draw, store, edit=True).invoke({"prompt": "a cat", "images": [data_url(CAT)]})
    assert seen == [(1, ""), (2, "make the cat red"), (2, "make the cat red")]

    def only(prompt: str, images: Any) -> bytes:
        return paint(prompt, 1, (32, 32))

    assert capabilities_of(adapt(only)).edits_only


def test_the_command_line_takes_files(gems: Gems) -> None:
    Path("cat.png").write_bytes(CAT)
    options = ["--generator", "openai:m", "--max-iterations", "2", "--edit"]
    script = {"decompose": criteria(1), "verify": verdicts("n", "y")}
    with ChatServer(script) as chat, PictureServer("vllm-omni", owner="vllm") as images:
        servers = ["--mllm", "compat:m", "--mllm-url", chat.url, "--generator-url", images.url]
        refused = gems("run", "a cat", *servers, *options, *["--image", "cat.png"] * 2)
        dialect = ["--set", "generator_options.dialect=vllm-omni"]
        done = gems("run", "a cat", *servers, *options, *dialect, "--image", "cat.png", "--json")
        sent = [len(request["files"]) for request in images.requests]
    assert (refused.code, done.code) == (2, 0), refused.err
    assert "takes 1 picture at a time, not 2" in refused.err
    assert sent == [1, 2]
    assert done.json["references"][0]["sha256"] == sha(CAT)
    assert done.json["rounds"][1]["image"]["made"]["images"] == [sha(CAT)]
    absent = gems("run", "a cat", "--image", "none.png")
    assert "Cannot read the picture none.png" in absent.err
    Path("many.txt").write_text("a\nb\n")
    many = gems("run", "--prompts", "many.txt", "--image", "cat.png")
    assert "--image goes with one picture" in many.err


# ------------------------------------------------------------------ edits


def test_a_failed_round_is_edited_and_says_of_what_it_was_made(store: Store) -> None:
    editor, chat = Editor(), failing(3)
    out = graph(editor, store, chat, edit=True).invoke(
        {"prompt": "a cat", "images": [data_url(DOG)]}
    )
    first, second, third = editor.requests
    rounds = out["rounds"]
    assert (first.images, first.instruction) == ((DOG,), "")
    assert second.images == (store.read(rounds[0]["image"]["sha256"]), DOG)
    assert third.images == (store.read(rounds[1]["image"]["sha256"]), DOG)
    assert (second.prompt, second.instruction) == (REFINED["prompt"], REFINED["instruction"])
    assert rounds[1]["instruction"] == REFINED["instruction"]
    for before, after in ((0, 1), (1, 2)):
        made = rounds[after]["image"]["made"]
        assert made["edited"] == rounds[before]["image"]["sha256"]
        assert made["images"] == [sha(DOG)]
    assert '"instruction": "..."' in prompts_of(chat, "refine")[0]
    lines = [*map(str, rounds_of(out, None))]
    assert sum("change    make the cat red" in line for line in lines) == 2
    assert sum("made of an earlier picture" in line for line in lines) == 2


def test_where_only_one_fits_the_edited_one_goes_and_that_is_said_once(store: Store) -> None:
    editor = Editor(edits=1, edits_only=True)
    out = graph(editor, store, failing(3), edit=True).invoke(
        {"prompt": "a cat", "images": [data_url(DOG)]}
    )
    first, *later = editor.requests
    assert first.images == (DOG,)
    assert [request.images for request in later] == [
        (store.read(round_["image"]["sha256"]),) for round_ in out["rounds"][:2]
    ]
    assert "images" not in out["rounds"][1]["image"]["made"]
    assert out["notes"] == [
        "The generator 'editor' takes 1 picture at a time: where one is edited, 1 to go by are "
        "left out."
    ]


def test_by_default_it_is_drawn_anew_and_nobody_is_asked_for_an_instruction(store: Store) -> None:
    editor, chat = Editor(), failing(2)
    out = graph(editor, store, chat).invoke({"prompt": "a cat"})
    assert [request.images for request in editor.requests] == [(), ()]
    assert "instruction" not in out["rounds"][1]
    assert '"instruction"' not in prompts_of(chat, "refine")[0]


def test_without_an_instruction_the_prompt_is_one(store: Store) -> None:
    editor = Editor()
    graph(editor, store, failing(2, refine={"prompt": "a red cat"}), edit=True).invoke(
        {"prompt": "a cat"}
    )
    assert editor.requests[1].instruction == editor.requests[1].prompt == "a red cat"


def test_what_a_person_writes_is_the_instruction(store: Store) -> None:
    editor, config = Editor(), {"configurable": {"thread_id": "t"}}
    made = graph(
        editor, store, failing(2), edit=True, pause="verdicts", checkpointer=InMemorySaver()
    )
    made.invoke({"prompt": "a cat"}, config)
    made.invoke(Command(resume={"prompt": "give it a hat"}), config)
    second = editor.requests[1]
    assert (second.prompt, second.instruction) == ("give it a hat", "give it a hat")
    assert len(second.images) == 1


def test_of_variations_the_best_is_edited(store: Store) -> None:
    editor = Editor()
    out = graph(editor, store, failing(3), edit=True, variations=2, max_iterations=2).invoke(
        {"prompt": "a cat"}
    )
    [of_second] = {request.images for request in editor.requests[2:]}
    assert of_second == (store.read(out["rounds"][0]["image"]["sha256"]),)


def test_a_restart_edits_the_best_and_another_seed_edits_nothing(store: Store) -> None:
    script = {"decompose": criteria(2), "verify": verdicts("yn", "nn", "nn", "nn")}
    for how, sources in (("best", 1), ("reseed", 0)):
        editor = Editor()
        chat = failing(**script)
        out = graph(
            editor, store, chat, edit=True, stagnation=1, on_stagnation=how, max_iterations=3
        ).invoke({"prompt": "a cat"})
        best = store.read(out["rounds"][0]["image"]["sha256"])
        assert editor.requests[2].images == (best,) * sources


def test_an_edit_that_was_paid_is_found_again(store: Store) -> None:
    editor, saver = Editor(), InMemorySaver()
    config: Any = {"configurable": {"thread_id": "t"}}
    made = graph(editor, store, failing(2), edit=True, checkpointer=saver)
    out = made.invoke({"prompt": "a cat"}, config)
    [before] = [
        s.config for s in made.get_state_history(config)
        if s.next == ("generator",) and len(s.values["rounds"]) == 1
    ]  # fmt: skip
    again = made.invoke(None, before)
    assert len(editor.requests) == 2
    assert again["rounds"][1]["image"] == out["rounds"][1]["image"]


def test_the_journal_tells_edits_of_other_pictures_apart(store: Store) -> None:
    from gems_graph.runtime.drawing import Drawing

    def key(**how: Any) -> list[str]:
        return Drawing("p", 3, GeneratorSpec(name="g"), Settings(), store, **how).request

    cat, dog = store.put_image(CAT), store.put_image(DOG)
    keys = [
        key(), key(images=(cat,)), key(images=(dog,)), key(images=(cat, dog)),
        key(images=(cat,), instruction="red"), key(n=2),
    ]  # fmt: skip
    assert len({*map(str, keys)}) == 6
    assert key() == ["p", "3", "None"]


def test_a_toolbox_draws_what_a_strategy_wants_changed(store: Store) -> None:
    from gems_graph.runtime.loop import BACKGROUND

    editor, cat = Editor(), store.put_image(CAT)
    tools = Toolbox(Settings(), store, generator=editor)
    ref = BACKGROUND.run(lambda: tools.generate("p", 1, images=[cat], instruction="red"))
    assert ref["made"]["edited"] == cat["sha256"]
    assert editor.requests[0].instruction == "red"
    with ImageServer() as images:
        other = Toolbox(Settings(generator=images.url), store)
        with pytest.raises(BadRequestError, match="takes no pictures to go by or to edit, not 1"):
            BACKGROUND.run(lambda: other.generate("p", 1, images=[cat]))
        assert not images.requests
