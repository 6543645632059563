"""A chat model draws: the whole loop by HTTP, what is paid, what is asked again, what is drawn."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from PIL import Image

from gems_graph import Store, build_graph
from gems_graph.errors import BadRequestError, BudgetError, ConfigError, GeneratorError
from gems_graph.generators import GenerateRequest, notes_on, open_generator
from gems_graph.generators.asking import chat_of, with_illustrator
from gems_graph.generators.request import Asked
from gems_graph.generators.vector.cleaning import clean
from gems_graph.settings import Settings
from gems_graph.settings.generator import GeneratorSpec
from gems_graph.settings.roles import ILLUSTRATOR, ModelSpec
from gems_graph.testing import ChatServer, ScriptedChat, check_generator

RED = "<svg viewBox='0 0 9 9'><rect width='9' height='9' fill='#c00000'/></svg>"
BLUE = "<svg viewBox='0 0 9 9'><rect width='9' height='9' fill='#0000c0'/></svg>"


def chat_server(*drawings: Any, **script: Any) -> ChatServer:
    return ChatServer({"draw-svg": list(drawings) or RED, **script})


def run(server: ChatServer, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> dict[str, Any]:
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    graph = build_graph(
        mllm="compat:some-model", mllm_url=server.url, **{"generator": "svg", "seed": 3, **settings}
    )
    state: dict[str, Any] = graph.invoke({"prompt": "a red fish"})
    return state


def colour(state: dict[str, Any]) -> Any:
    with Store().open(state["result"]["image"]) as picture:
        return picture.convert("RGB").getpixel((5, 5))


def asked(server: ChatServer) -> list[dict[str, Any]]:
    return [request for request in server.requests if request["kind"] == "draw-svg"]


def test_one_chat_key_runs_the_whole_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    verdicts = [{"evidence": "e", "answer": answer} for answer in ("yes", "no", "yes", "yes")]
    with chat_server(f"A flag.\n```svg\n{BLUE}\n```", RED, verify=verdicts) as server:
        state = run(server, monkeypatch)
    assert state["result"]["success"]
    assert [each["n"] for each in state["rounds"]] == [1, 2]
    assert colour(state) == (192, 0, 0)
    assert state["result"]["image"]["width"] == state["result"]["image"]["height"] == 1024
    first, second = asked(server)
    assert 'variation="3"' in first["prompt"]
    assert "a better prompt" in second["prompt"]
    assert 'variation="4"' in second["prompt"]
    assert state["ledger"][ILLUSTRATOR]["calls"] == 2
    assert state["ledger"][ILLUSTRATOR]["input_tokens"] == 200
    assert state["ledger"]["generator"]["images"] == 2


def test_the_planner_and_the_refiner_write_for_an_illustrator(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with chat_server(verify={"evidence": "e", "answer": "no"}) as server:
        run(server, monkeypatch, max_iterations=2)
    told = [request["prompt"] for request in server.requests if request["kind"] == "refine"]
    assert told
    assert all("vector graphics by hand" in prompt for prompt in told)


def test_what_is_no_drawing_is_asked_for_again_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    with chat_server("I would draw a flag.", "<svg><g></svg>", RED) as server:
        state = run(server, monkeypatch, max_iterations=1)
    assert colour(state) == (192, 0, 0)
    complaints = [request["messages"][-1]["content"] for request in asked(server)[1:]]
    assert "it holds no <svg> element" in str(complaints[0])
    assert "mismatched tag" in str(complaints[1])
    assert "JSON" not in str(complaints)


def test_what_cannot_be_rendered_is_asked_for_again_and_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    layers = '<g opacity=".5">' * 38 + '<rect width="9" height="9"/>' + "</g>" * 38
    with chat_server(f"<svg viewBox='0 0 9 9'>{layers * 99}</svg>", RED) as server:
        state = run(server, monkeypatch, max_iterations=1)
    assert colour(state) == (192, 0, 0)
    assert "<complaint>" not in asked(server)[0]["prompt"]
    assert "could not be used: it takes too long" in asked(server)[1]["prompt"]


def test_a_model_that_never_draws_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        chat_server("I only write.") as server,
        pytest.raises(GeneratorError, match="no <svg> element"),
    ):
        run(server, monkeypatch)
    assert len(asked(server)) == Settings().attempts


def test_a_refusal_is_said_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from langchain_core.messages import AIMessage

    refusal = AIMessage("", additional_kwargs={"refusal": "Not that."})
    graph = build_graph(mllm=ScriptedChat(script={"draw-svg": refusal}), generator="svg")
    with pytest.raises(GeneratorError, match="Not that"):
        graph.invoke({"prompt": "a flag"})


def test_a_model_made_by_the_caller_draws() -> None:
    chat = ScriptedChat(script={"draw-svg": RED})
    state = build_graph(mllm=chat, generator="svg").invoke({"prompt": "a flag"})
    assert colour(state) == (192, 0, 0)
    assert len(chat.asked("draw-svg")) == 1


def test_another_model_draws_by_name_or_by_role(monkeypatch: pytest.MonkeyPatch) -> None:
    for more in ({"generator": "svg:compat:artist"}, {"roles": {"illustrator": "compat:artist"}}):
        with chat_server() as server:
            if "roles" in more:
                more = {"roles": {"illustrator": {"mllm": "compat:artist", "mllm_url": server.url}}}
            run(server, monkeypatch, max_iterations=1, **more)
        models = {request["kind"]: request["model"] for request in server.requests}
        assert models["draw-svg"] == "artist"
        assert models["decompose"] == "some-model"


def test_options_are_those_of_the_chat_model(monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"temperature": 0.5, "max_tokens": 9000}
    with chat_server() as server:
        run(server, monkeypatch, max_iterations=1, generator_options=options)
    [request] = asked(server)
    assert request["temperature"] == 0.5
    assert 9000 in (request.get("max_tokens"), request.get("max_completion_tokens"))


def test_a_cap_on_calls_holds_for_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    with chat_server() as server, pytest.raises(BudgetError):
        run(server, monkeypatch, max_calls=2)  # Planner and Decomposer
    assert not asked(server)


def test_a_resumed_run_pays_for_no_drawing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    from gems_graph.generators.vector.rendering import Renderer

    rendered: list[str] = []
    render = Renderer.render

    async def crash_once(self: Renderer, drawing: str, size: tuple[int, int]) -> bytes:
        rendered.append(drawing)
        if len(rendered) == 1:
            raise OSError(12, "Cannot allocate memory")
        return await render(self, drawing, size)

    monkeypatch.setattr(Renderer, "render", crash_once)
    with chat_server() as server:
        graph = build_graph(
            mllm="compat:some-model", mllm_url=server.url, generator="svg", retries=0,
            checkpointer=InMemorySaver(), max_iterations=1,
        )  # fmt: skip
        config: Any = {"configurable": {"thread_id": "t"}}
        with pytest.raises(GeneratorError):
            graph.invoke({"prompt": "a red flag"}, config, durability="sync")
        state = graph.invoke(None, config, durability="sync")
    assert len(asked(server)) == 1
    assert len(rendered) == 2
    assert colour(state) == (192, 0, 0)


def test_the_offline_model_is_refused_before_anything_is_paid() -> None:
    with pytest.raises(ConfigError, match="the offline one cannot"):
        build_graph(mllm="mini", generator="svg").invoke({"prompt": "a red fish"})


def test_an_unfit_option_is_refused_before_anything_is_paid() -> None:
    spec = GeneratorSpec(name="svg", options={"temperature": "hot"})
    with pytest.raises(ConfigError, match="temperature"):
        open_generator(spec)
    with pytest.raises(ConfigError, match="no option 'steps'"):
        open_generator(GeneratorSpec(name="svg", options={"steps": 8}))


def test_a_cap_on_money_wants_the_price_of_who_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    priced = {"some-model": {"input": 1, "output": 1}}
    with chat_server() as server, pytest.raises(ConfigError, match="artist"):
        run(server, monkeypatch, generator="svg:compat:artist", max_cost=5, prices=priced)
    assert not server.requests
    with chat_server() as server:
        state = run(server, monkeypatch, max_cost=5, prices=priced, max_iterations=1)
    assert state["ledger"][ILLUSTRATOR]["cost"] > 0
    assert state["ledger"]["generator"]["cost"] == 0


def test_who_draws_is_known_without_opening() -> None:
    assert chat_of(GeneratorSpec(name="mini")) is None
    assert chat_of(GeneratorSpec(name="svg")) == ModelSpec()
    spec = GeneratorSpec(name="svg:openai:gpt-5", url="http://localhost:1/v1")
    assert chat_of(spec) == ModelSpec(mllm="openai:gpt-5", mllm_url="http://localhost:1/v1")
    assert "illustrator" in notes_on(spec)


def test_a_model_of_the_same_kind_is_at_the_same_server() -> None:
    settings = Settings(mllm="compat:one", mllm_url="http://localhost:1/v1", temperature=0.2)
    illustrator = with_illustrator(settings, ModelSpec(mllm="compat:two")).model_for(ILLUSTRATOR)
    assert illustrator == ModelSpec(mllm="compat:two", mllm_url="http://localhost:1/v1")
    illustrator = with_illustrator(settings, ModelSpec(mllm="openai:two")).model_for(ILLUSTRATOR)
    assert illustrator == ModelSpec(mllm="openai:two")
    illustrator = with_illustrator(settings, ModelSpec(max_tokens=9)).model_for(ILLUSTRATOR)
    assert illustrator == settings.model_for("planner").model_copy(update={"max_tokens": 9})


async def draw(drawing: str, **fields: Any) -> tuple[Image.Image, dict[str, Any]]:
    async def ask(task: str, read: Any, model: Any = None, **values: Any) -> Asked[Any]:
        return Asked(read(drawing), "artist")

    generator = open_generator("svg")
    try:
        request = GenerateRequest(**{"prompt": "p", "seed": 5, "ask": ask, **fields})
        [picture] = await generator.generate(request)
    finally:
        await generator.aclose()
    return Image.open(io.BytesIO(picture.data)), dict(picture.facts)


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ({}, (1024, 1024)),
        ({"size": (640, 320)}, (640, 320)),
        ({"ratio": "16:9"}, (1365, 768)),
        ({"ratio": "1:4"}, (512, 2048)),
    ],
)
def test_the_size_is_the_one_asked_for(fields: dict[str, Any], size: tuple[int, int]) -> None:
    picture, facts = asyncio.run(draw("<svg width='3' height='7000'><rect/></svg>", **fields))
    assert picture.size == size
    assert facts["model"] == "artist"
    assert facts["seed"] == 5
    assert json.loads(json.dumps(facts)) == facts


def test_it_keeps_the_word_that_it_gives() -> None:
    async def ask(task: str, read: Any, model: Any = None, **values: Any) -> Asked[Any]:
        red = values["variation"] % 200
        return Asked(read(f"<svg><rect width='999' height='999' fill='rgb({red},9,9)'/></svg>"), "")

    held = asyncio.run(check_generator(open_generator("svg"), ask=ask))
    assert len(held) >= 5


def test_a_chain_goes_on_where_nobody_can_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    with chat_server("I only write.") as server:
        state = run(server, monkeypatch, generator="svg,mini", max_iterations=1, size="528x528")
    assert state["rounds"][0]["image"]
    assert "svg" in json.dumps(state["rounds"][0])


def test_too_large_a_size_is_refused() -> None:
    with pytest.raises(BadRequestError, match="4096"):
        asyncio.run(draw(RED, size=(9000, 9)))


def test_outside_a_run_nobody_draws() -> None:
    with pytest.raises(BadRequestError, match="ask"):
        asyncio.run(draw(RED, ask=GenerateRequest(prompt="", seed=0).ask))


def test_the_picture_carries_its_drawing() -> None:
    picture, _ = asyncio.run(draw(RED, size=(64, 64)))
    picture.load()
    assert picture.text["SVG"] == clean(RED, (64, 64))  # type: ignore[attr-defined]


def test_text_is_written_in_our_fonts_whatever_the_drawing_names() -> None:
    def inked(text: str, family: str = "Wingdings", weight: str = "400") -> bytes:
        picture, _ = asyncio.run(
            draw(
                f"<svg viewBox='0 0 300 60'><text x='9' y='45' font-size='40' font-family="
                f"'{family}' font-weight='{weight}'>{text}</text></svg>",
                size=(300, 60),
            )
        )
        return picture.convert("L").tobytes()

    blank = inked("")
    for text in ("Fish &amp; Chips", "Zażółć", "Ωmega", "Чай", "Phở", "中文"):
        assert inked(text) != blank
    assert inked("AT&T") == inked("AT&amp;T")
    assert inked("Hello", "serif") == inked("Hello", "Noto Sans") == inked("Hello")
    assert sum(inked("Hello", weight="bold")) < sum(inked("Hello")) < sum(blank)
    assert inked("中中") != inked("文文")


def test_style_sheets_and_lost_paints_still_show() -> None:
    body = (
        "<style>/* c */ .a, rect { fill: #c00000 !important } #b{fill:#0000c0}</style>"
        "<rect class='a' width='5' height='9'/><circle id='b' cx='7' cy='4' r='2'/>"
        "<path d='M0 8H9V9H0Z' fill='url(#pattern)'/><script>x</script>"
    )
    cleaned = clean(f"<svg viewBox='0 0 9 9'>{body}</svg>", (90, 90))
    assert "script" not in cleaned
    assert "style" not in cleaned
    picture, _ = asyncio.run(draw(f"<svg viewBox='0 0 9 9'>{body}</svg>", size=(90, 90)))
    colours = [picture.convert("RGB").getpixel(place) for place in ((9, 9), (70, 40), (40, 85))]
    assert colours == [(192, 0, 0), (0, 0, 192), (128, 128, 128)]


def test_the_same_drawing_gives_the_same_bytes() -> None:
    pictures = [asyncio.run(draw(RED, size=(64, 64)))[0].tobytes() for _ in range(2)]
    assert pictures[0] == pictures[1]


def test_a_cancelled_picture_leaves_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    from gems_graph.generators.vector import rendering

    started: list[Any] = []
    create = asyncio.create_subprocess_exec

    async def noted(*arguments: Any, **named: Any) -> Any:
        started.append(await create(*arguments, **named))
        return started[-1]

    monkeypatch.setattr(rendering.asyncio, "create_subprocess_exec", noted)
    layers = '<g opacity=".5">' * 38 + '<rect width="9" height="9"/>' + "</g>" * 38

    async def cancel() -> None:
        task = asyncio.create_task(draw(f"<svg viewBox='0 0 9 9'>{layers * 99}</svg>"))
        while not started:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    assert started[0].returncode == -9


def test_a_missing_renderer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from gems_graph.generators.vector import rendering

    monkeypatch.setattr(rendering.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="resvg-py"):
        open_generator("svg")


def test_no_folder_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = {*tmp_path.iterdir()}
    asyncio.run(draw(RED))
    assert {*tmp_path.iterdir()} == before
