"""The MCP server with clients of the official SDK, new and old protocol, in one process."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp", reason="needs the extra `mcp`")

import anyio
from mcp import Client
from mcp.shared.exceptions import MCPError
from PIL import Image

from gems_graph.agents.answering import address_of
from gems_graph.agents.mcp import make_server
from gems_graph.errors import UsageError
from gems_graph.persistence.threads import open_threads
from gems_graph.settings import settle
from tests.conftest import HARD

pytestmark = pytest.mark.anyio


class Called:
    """One call of a tool: its progress as it came, and its result."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.progress: list[tuple[float, float | None, str]] = []
        self.scope = anyio.CancelScope()
        self.until = "never"

    async def told(self, done: float, most: float | None, words: str | None) -> None:
        self.progress.append((done, most, words or ""))
        if self.until in (words or ""):
            self.scope.cancel()

    async def __call__(self, tool: str, **arguments: Any) -> Any:
        with self.scope:
            return await self._client.call_tool(tool, arguments, progress_callback=self.told)


@pytest.fixture
async def client(request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    server = make_server(settle({"seed": 1, "max_iterations": 3}), files=True)
    async with Client(server, mode=getattr(request, "param", "auto")) as opened:
        yield opened


both_protocols = pytest.mark.parametrize("client", ["auto", "legacy"], indirect=True)
"""The protocol of 2026, and the one with a handshake before it."""


def said(result: Any) -> str:
    """Return the sentence of an error."""
    assert result.is_error
    [block] = result.content
    return str(block.text)


async def test_the_tools_say_what_they_take(client: Client) -> None:
    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert [*tools] == ["draw", "verify", "list_skills"]
    fields = tools["draw"].input_schema["properties"]
    assert {"prompt", "criteria", "size", "max_iterations", "skills", "thread"} <= {*fields}
    assert all(field["description"] and "anyOf" not in field for field in fields.values())
    assert tools["verify"].input_schema["required"] == ["picture", "criteria"]


@both_protocols
async def test_a_drawing_returns_its_picture_and_what_holds(client: Client) -> None:
    call = Called(client)
    result = await call("draw", prompt=HARD)
    picture, words = result.content
    image = Image.open(io.BytesIO(base64.b64decode(picture.data)))
    assert max(image.size) <= 1024
    assert picture.mime_type == f"image/{(image.format or '').lower()}"
    account = result.structured_content
    assert (account["state"], account["round"], account["rounds"]) == ("passed", 2, 2)
    assert [each["answer"] for each in account["criteria"]] == ["yes"] * 5
    assert account["thread"] in words.text
    assert json.loads(json.dumps(account)) == account


async def test_progress_increases_and_names_the_thread_first(client: Client) -> None:
    call = Called(client)
    result = await call("draw", prompt=HARD)
    numbers = [done for done, _, _ in call.progress]
    assert numbers == sorted({*numbers})
    assert [done for done in numbers if done and done == int(done)] == [1, 2]
    assert result.structured_content["thread"] in call.progress[0][2]
    assert call.progress[-1] == (2, 3, "Round 2: 5 of 5 criteria hold")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({}, "Say what to draw in `prompt`, or name an earlier drawing in `thread`."),
        ({"promt": "x"}, "The tool 'draw' has no argument 'promt'; did you mean 'prompt'?"),
        ({"prompt": ""}, "The argument prompt of the tool 'draw' is not valid: string should"),
        ({"prompt": 5}, "The argument prompt of the tool 'draw' is not valid: input should be"),
        ({"prompt": "a", "criteria": ["b", ""]}, "The argument criteria[1] of the tool 'draw'"),
        ({"prompt": "a", "max_iterations": 0}, "The setting max_iterations=0 is not valid"),
        ({"prompt": "a red fish", "skills": ["knitting"]}, "There is no skill 'knitting'; there"),
        ({"prompt": "a red fish", "strategy": "x"}, "There is no strategy 'x'"),
        ({"prompt": "a fox", "thread": "t"}, "does not know 'fox'"),
        ({"thread": "unheard-of"}, "There is no trajectory 'unheard-of'"),
    ],
)
async def test_an_error_is_a_sentence(
    client: Client, arguments: dict[str, Any], sentence: str
) -> None:
    text = said(await client.call_tool("draw", arguments))
    assert sentence in text
    assert "pydantic" not in text
    assert "[type=" not in text


@both_protocols
async def test_tools_and_arguments_that_are_missing_are_named(client: Client) -> None:
    assert said(await client.call_tool("paint", {})) == (
        "There is no tool 'paint'; there are draw, verify, list_skills."
    )
    text = said(await client.call_tool("verify", {"picture": "x.png"}))
    assert text.startswith("The tool 'verify' needs the argument 'criteria': Yes/no questions")


async def test_what_was_not_foreseen_is_told_without_its_text(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("sk-abcdefghijklmnop")

    monkeypatch.setattr("gems_graph.agents.mcp.Skills", broken)
    text = said(await client.call_tool("list_skills", {}))
    assert "ZeroDivisionError" in text
    assert "sk-" not in text


@both_protocols
async def test_a_cancelled_drawing_stops_and_goes_on_where_it_was(client: Client) -> None:
    call = Called(client)
    call.until = "Round 1: 3 of 5"
    assert await call("draw", prompt=HARD) is None
    assert call.scope.cancelled_caught
    thread = call.progress[0][2].removeprefix("Thread ").partition(":")[0]
    result = await client.call_tool("draw", {"thread": thread})  # waits for the step under way
    account = result.structured_content
    assert (account["thread"], account["state"], account["rounds"]) == (thread, "passed", 2)
    async with open_threads() as threads:
        state = await threads.state(thread)
    assert state["ledger"]["generator"]["images"] == 2  # nothing was drawn twice
    begins = [each for each in state["timings"] if each["node"] == "decomposer"]
    assert len(begins) == 1


async def test_a_cancelled_drawing_begins_no_further_step(client: Client) -> None:
    call = Called(client)
    call.until = "Round 1: looking"
    await call("draw", prompt=HARD, thread="mine")
    with anyio.fail_after(30):
        while True:  # the step under way may end
            async with open_threads() as threads:
                if "mine" not in await threads.claims.busy():
                    break
            await anyio.sleep(0.01)
    async with open_threads() as threads:
        state = await threads.state("mine")
    assert len(state.get("rounds", [])) <= 1
    assert not state.get("result")


async def test_one_thread_is_drawn_once_at_a_time(client: Client) -> None:
    first = Called(client)
    answers: list[Any] = []

    async def draw() -> None:
        answers.append(await first("draw", prompt=HARD, thread="mine"))

    async with anyio.create_task_group() as group:
        group.start_soon(draw)
        while not first.progress:
            await anyio.sleep(0)
        text = said(await client.call_tool("draw", {"prompt": HARD, "thread": "mine"}))
    assert "'mine' is being drawn" in text
    assert answers[0].structured_content["state"] == "passed"


async def test_a_thread_keeps_to_its_prompt_and_takes_more_rounds(client: Client) -> None:
    given = {"prompt": HARD, "max_iterations": 1, "thread": "mine"}
    first = (await client.call_tool("draw", given)).structured_content
    assert (first["state"], first["rounds"]) == ("best effort", 1)
    text = said(await client.call_tool("draw", {"prompt": "a red fish", "thread": "mine"}))
    assert f"The thread 'mine' draws {HARD!r}" in text
    more = (await client.call_tool("draw", {**given, "max_iterations": 2})).structured_content
    assert (more["state"], more["rounds"]) == ("passed", 2)


async def test_an_error_after_something_was_paid_names_the_thread(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMS_RETRIES", "0")
    monkeypatch.setenv("GEMS_GENERATOR", "http:http://127.0.0.1:9/none")
    async with Client(make_server()) as broken:
        text = said(await broken.call_tool("draw", {"prompt": "a red fish", "thread": "paid"}))
    assert "What was done is kept: draw with thread='paid' goes on." in text
    async with open_threads() as threads:
        assert (await threads.state("paid"))["ledger"]


async def test_skills_may_be_chosen_or_left_out(client: Client) -> None:
    found = (await client.call_tool("list_skills", {})).structured_content["skills"]
    names = [skill["name"] for skill in found]
    assert "counting-and-binding" in names
    assert all(skill["description"] for skill in found)
    for skills, calls in (([], 0), (["counting-and-binding"], 1)):
        given = {"prompt": "a red fish", "skills": skills, "thread": f"t{calls}"}
        assert not (await client.call_tool("draw", given)).is_error
        async with open_threads() as threads:
            ledger = (await threads.state(f"t{calls}"))["ledger"]
        assert ledger.get("planner", {}).get("calls", 0) == calls


async def test_a_pause_is_told_with_the_picture() -> None:
    async with Client(make_server(settle({"seed": 1, "pause": "verdicts"}))) as client:
        result = await client.call_tool("draw", {"prompt": HARD})
    account = result.structured_content
    assert account["state"] == "waiting"
    assert [block.type for block in result.content] == ["image", "text"]
    assert f"gems resume {account['thread']}" in result.content[1].text


async def test_a_picture_is_verified_by_hash_by_file_and_by_data(
    client: Client, tmp_path: Path
) -> None:
    drawn = await client.call_tool("draw", {"prompt": "a red fish"})
    sha256 = drawn.structured_content["image"]["sha256"]
    async with open_threads() as threads:
        data = threads.store.read(sha256)
    (tmp_path / "fish.png").write_bytes(data)
    address = f"data:image/png;base64,{base64.b64encode(data).decode()}"
    questions = ["Is there exactly one red fish?", "Is there exactly one blue fish?"]
    for picture in (sha256, str(tmp_path / "fish.png"), address):
        result = await client.call_tool("verify", {"picture": picture, "criteria": questions})
        account = result.structured_content
        assert [each["answer"] for each in account["criteria"]] == ["yes", "no"]
        assert (account["passed"], account["total"], account["success"]) == (1, 2, False)
        assert "1 of 2 criteria hold." in result.content[0].text


async def test_who_is_elsewhere_opens_no_file(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"secret")
    async with Client(make_server()) as client:
        given = {"picture": str(tmp_path / "x.png"), "criteria": ["Is it red?"]}
        assert "files are opened over stdio alone" in said(await client.call_tool("verify", given))


@both_protocols
async def test_a_trajectory_is_a_resource(client: Client) -> None:
    [template] = (await client.list_resource_templates()).resource_templates
    assert template.uri_template == "gems://trajectory/{thread}"
    drawn = await client.call_tool("draw", {"prompt": "a red fish", "thread": "my fish/1"})
    [contents] = (await client.read_resource(drawn.structured_content["resource"])).contents
    record = json.loads(contents.text)
    assert (record["prompt"], len(record["rounds"])) == ("a red fish", 1)
    for uri in (address_of("unheard-of"), "gems://else/1"):
        with pytest.raises(MCPError, match="There is no") as raised:
            await client.read_resource(uri)
        assert not isinstance(raised.value, UsageError)
