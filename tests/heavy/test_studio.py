"""`langgraph dev` through the official client, as LangGraph Studio uses it (30 s)."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

pytest.importorskip("langgraph_api", reason="needs the dev server: make heavy")

from langgraph_sdk import get_client

from gems_graph import plugins
from gems_graph.service.agent_server import make_assistants
from gems_graph.settings.presets import PRESETS
from gems_graph.strategies import open_strategy
from tests.conftest import HARD
from tests.heavy.dev_server import ROOT, dev_server

TWO_ROUNDS = {"seed": 1, "max_iterations": 2}
Ask = Callable[[Any], Awaitable[Any]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with dev_server(tmp_path_factory.mktemp("dev")) as address:
        yield address


@pytest.fixture
def ask(server: str) -> Callable[[Ask], Any]:
    """Return what runs a coroutine function of a client to its end."""

    def run(question: Ask) -> Any:
        async def connected() -> Any:
            async with get_client(url=server) as client:
                return await question(client)

        return asyncio.run(connected())

    return run


def look_at(url: str) -> str:
    """Fetch a picture by the address that was given for it, and return its media type."""
    answer = httpx2.get(url)
    assert answer.status_code == 200, answer.text
    assert "immutable" in answer.headers["cache-control"]
    assert answer.content[:4] in (b"\x89PNG", b"RIFF", b"\xff\xd8\xff\xe0")
    return str(answer.headers["content-type"])


async def went(client: Any, thread: str, graph: str, **body: Any) -> Any:
    """Run on a thread as Studio does, to its end, to the next question or to an error."""
    return await client.runs.wait(thread, graph, raise_error=False, **body)


async def questions(client: Any, thread: str) -> list[Any]:
    state = await client.threads.get_state(thread)
    return [interrupt for task in state["tasks"] for interrupt in task["interrupts"]]


def test_every_graph_is_listed_with_what_it_does_and_its_form(ask: Any) -> None:
    async def look(client: Any) -> None:
        found = await client.assistants.search(limit=100)
        assistants = {each["graph_id"]: each for each in found if each["name"] == each["graph_id"]}
        ours = [name for name in plugins.names("strategies") if not open_strategy(name).needs]
        assert assistants.keys() == {"gems_chat", *ours}
        assert all(each["description"] for each in assistants.values())
        for name, assistant in assistants.items():
            schemas = await client.assistants.get_schemas(assistant["assistant_id"])
            for form in (schemas["context_schema"], schemas["config_schema"]):
                dials = form["properties"]
                assert next(iter(dials)) == "preset"
                assert "loop-only" in dials["preset"]["enum"]
                assert dials["max_iterations"]["default"] == 5
                assert all(dial["description"] for dial in dials.values())
                assert dials["strategy"]["const"] == ("gems" if name == "gems_chat" else name)
            asks = "messages" if name == "gems_chat" else "prompt"
            assert asks in schemas["input_schema"]["properties"]
        drawn = await client.assistants.get_graph(assistants["gems"]["assistant_id"])
        names = {node["id"] for node in drawn["nodes"]}
        assert {"planner", "decomposer", "generator", "verifier", "refiner"} <= names
        assert all(edge.get("data") for edge in drawn["edges"] if edge.get("conditional"))

    ask(look)


def test_a_run_is_streamed_and_each_of_its_pictures_can_be_fetched(ask: Any) -> None:
    async def watch(client: Any) -> None:
        thread = (await client.threads.create())["thread_id"]
        parts: dict[str, list[Any]] = {}
        async for part in client.runs.stream(
            thread, "gems", input={"prompt": HARD}, context=TWO_ROUNDS,
            stream_mode=["values", "messages", "custom"],
        ):  # fmt: skip
            parts.setdefault(part.event, []).append(part.data)
        rounds = parts["values"][-1]["rounds"]
        assert len(rounds) == 2
        assert [look_at(r["image"]["url"]) for r in rounds] == ["image/png"] * 2
        ready = [each for each in parts["custom"] if each.get("type") == "picture_ready"]
        assert [each["image"]["url"] for each in ready] == [r["image"]["url"] for r in rounds]
        assert parts["messages/complete"]  # what the roles say, for whoever debugs
        state = await client.threads.get_state(thread)
        assert state["values"]["result"]["image"]["url"] in [r["image"]["url"] for r in rounds]

        headers = {"X-Forwarded-Host": "gems.example", "X-Forwarded-Proto": "https"}
        state = await client.threads.get_state(thread, headers=headers)
        url = state["values"]["result"]["image"]["url"]
        assert url.startswith("https://gems.example/gems/images/")

    ask(watch)


@pytest.mark.parametrize("graph", ["gems", "gems_chat"])
@pytest.mark.parametrize(
    ("prompt", "context", "said"),
    [
        ("a fox reading a newspaper", {}, "does not know 'fox', 'reading', 'newspaper'"),
        ("a red fish", {"max_iterations": 0}, "The setting max_iterations=0 is not valid"),
        ("a red fish", {"max_iteration": 2}, "There is no setting 'max_iteration'"),
        ("a red fish", {"strategy": "craft"}, "strategy='craft' is not valid"),
    ],
)
def test_what_went_wrong_is_told_in_our_own_sentence(
    ask: Any, graph: str, prompt: str, context: dict[str, Any], said: str
) -> None:
    async def fail(client: Any) -> None:
        given = {"messages": [{"role": "user", "content": prompt}]}
        thread = (await client.threads.create())["thread_id"]
        asked = {"prompt": prompt} if graph == "gems" else given
        out = await went(client, thread, graph, input=asked, context=context)
        assert said in out["__error__"]["message"]

    ask(fail)


@pytest.mark.parametrize("graph", ["original", "rewrite", "search", "craft", "maestro"])
def test_every_other_strategy_runs(ask: Any, graph: str) -> None:
    async def run(client: Any) -> None:
        context = {"max_iterations": 2, "maestro_rounds": 1, "seed": 3}
        out = await client.runs.wait(None, graph, input={"prompt": "a red fish"}, context=context)
        assert look_at(out["result"]["image"]["url"]) == "image/png"

    ask(run)


def test_each_preset_is_an_assistant_of_its_own(ask: Any) -> None:
    async def choose(client: Any) -> None:
        found = await client.assistants.search(graph_id="gems", limit=100)
        presets = {
            each["context"]["preset"]: each["assistant_id"] for each in found if each["context"]
        }
        assert presets.keys() == PRESETS.keys()
        await make_assistants(client)  # another start of the server makes none
        assert len(await client.assistants.search(graph_id="gems", limit=100)) == len(found)
        out = await client.runs.wait(
            None, presets["loop-only"], input={"prompt": HARD}, context=TWO_ROUNDS
        )
        assert (len(out["rounds"]), out["experiences"], out["skills"]) == (2, [], [])

    ask(choose)


def test_the_image_of_a_server_serves_the_same(tmp_path: Path) -> None:
    langgraph = Path(sys.executable).parent / "langgraph"
    subprocess.run([langgraph, "dockerfile", tmp_path / "Dockerfile"], cwd=ROOT, check=True)
    written = (tmp_path / "Dockerfile").read_text("utf-8")
    for name in json.loads((ROOT / "langgraph.json").read_text("utf-8"))["graphs"]:
        assert f"gems_graph.studio:{name}" in written
    assert "gems_graph.service.agent_server:app" in written


def test_a_run_waits_for_a_person_who_may_be_wrong_once(ask: Any) -> None:
    async def answer(client: Any) -> None:
        thread = (await client.threads.create())["thread_id"]
        context = {"pause": "both", **TWO_ROUNDS}
        out = await went(client, thread, "gems", input={"prompt": HARD}, context=context)
        [interrupt] = await questions(client, thread)
        assert out["__interrupt__"][0]["value"] == interrupt["value"]
        fields = interrupt["response_schema"]["properties"].keys()
        assert fields == interrupt["value"]["answers"].keys()
        asked = [criterion["question"] for criterion in interrupt["value"]["criteria"]]
        assert (await client.threads.get(thread))["status"] == "interrupted"

        resume = {"criteria": asked[:-1]}
        await went(client, thread, "gems", command={"resume": resume})
        [interrupt] = await questions(client, thread)
        question = interrupt["value"]
        assert [verdict["question"] for verdict in question["verdicts"]] == asked[:-1]
        assert look_at(question["image"]["url"]) == "image/png"  # nobody judges a hash
        assert question["prompt"]

        out = await went(client, thread, "gems", command={"resume": {"verdicts": {"9": "yes"}}})
        assert "__error__" not in out
        [again] = await questions(client, thread)
        problem = again["value"].pop("problem")
        assert problem == "There is no criterion 9; they are numbered 1 to 4."
        assert problem in again["value"].pop("action_requests")[0]["description"]
        question.pop("action_requests")
        assert again["value"] == question
        assert (await client.threads.get(thread))["status"] == "interrupted"

        failed = {str(v["n"]): "yes" for v in question["verdicts"] if v["answer"] == "no"}
        assert failed  # or there was nothing to overrule
        out = await went(client, thread, "gems", command={"resume": {"verdicts": failed}})
        assert (out["result"]["stop"]["reason"], out["result"]["round"]) == ("passed", 1)
        assert await questions(client, thread) == []

    ask(answer)


def test_a_round_is_forked(ask: Any) -> None:
    async def fork(client: Any) -> None:
        thread = (await client.threads.create())["thread_id"]
        first = await went(client, thread, "gems", input={"prompt": HARD}, context=TWO_ROUNDS)
        history = await client.threads.get_history(thread, limit=100)
        judged = [
            each for each in history if len(each["values"].get("rounds", [])) == 1
            and {*each["next"]} == {"refiner", "compressor"}
        ]  # fmt: skip
        kept = judged[0]["values"]["rounds"][0]
        assert look_at(kept["image"]["url"]) == "image/png"
        written = {"attempt": {**judged[0]["values"]["attempt"], "prompt": HARD, "n": 2}}
        forked = await client.threads.update_state(
            thread, written, checkpoint=judged[0]["checkpoint"], as_node="refiner"
        )
        out = await went(
            client, thread, "gems", checkpoint=forked["checkpoint"], context=TWO_ROUNDS
        )
        assert out["rounds"][0] == first["rounds"][0]
        assert out["rounds"][1]["prompt"] == HARD != first["rounds"][1]["prompt"]
        assert look_at(out["rounds"][1]["image"]["url"]) == "image/png"

    ask(fork)


def linked(message: Any) -> list[str]:
    """Return the addresses of the pictures in a message."""
    content = message["content"]
    text = content if isinstance(content, str) else content[0]["text"]
    return re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text)


def test_the_chat_shows_each_round_and_takes_decisions(ask: Any) -> None:
    async def talk(client: Any) -> None:
        thread = (await client.threads.create())["thread_id"]
        given = {"messages": [{"role": "user", "content": HARD}]}
        context = {"pause": "verdicts", **TWO_ROUNDS}
        parts: dict[str, list[Any]] = {}
        async for part in client.runs.stream(
            thread, "gems_chat", input=given, context=context,
            stream_mode=["messages", "values", "custom"],
        ):  # fmt: skip
            parts.setdefault(part.event, []).append(part.data)
        [[shown]] = parts["messages/complete"]  # and nothing that the roles say to us
        assert "messages/partial" not in parts
        assert shown["content"].startswith("**Round 1")
        state = await client.threads.get_state(thread)
        assert state["values"]["messages"][-1]["content"] == shown["content"]
        [url] = linked(shown)
        assert look_at(url) == "image/png"
        [interrupt] = await questions(client, thread)
        [action] = interrupt["value"]["action_requests"]
        assert url in action["description"]

        wrong = {"decisions": [{"type": "maybe"}]}
        await went(client, thread, "gems_chat", command={"resume": wrong})
        [interrupt] = await questions(client, thread)
        assert "'maybe' is none that this takes" in interrupt["value"]["problem"]
        reject = {"decisions": [{"type": "reject", "message": "the boat is missing"}]}
        await went(client, thread, "gems_chat", command={"resume": reject})
        [interrupt] = await questions(client, thread)
        assert interrupt["value"]["round"] == 2
        approve = {"decisions": [{"type": "approve"}]}
        out = await went(client, thread, "gems_chat", command={"resume": approve})
        kinds = [message["type"] for message in out["messages"]]
        assert kinds == ["human", "ai", "ai", "ai"]
        addresses = [url for message in out["messages"] for url in linked(message)]
        assert [look_at(each) for each in addresses] == ["image/png"] * 3
        assert out["result"]["stop"]["reason"] == "accepted"

        again = {"messages": [{"role": "user", "content": "a red fish"}]}
        out = await went(client, thread, "gems_chat", input=again, context={"max_iterations": 1})
        assert [message["type"] for message in out["messages"]] == [*kinds, "human", "ai", "ai"]
        assert look_at(linked(out["messages"][-1])[0]) == "image/png"

    ask(talk)


def test_a_round_of_the_chat_is_forked(ask: Any) -> None:
    async def fork(client: Any) -> None:
        thread = (await client.threads.create())["thread_id"]
        given = {"messages": [{"role": "user", "content": HARD}]}
        await went(client, thread, "gems_chat", input=given, context=TWO_ROUNDS)
        history = await client.threads.get_history(thread, limit=100)
        before = next(each for each in history if {*each["next"]} == {"refiner", "compressor"})
        assert len(before["values"]["messages"]) == 2
        out = await went(
            client, thread, "gems_chat", checkpoint=before["checkpoint"],
            context={**TWO_ROUNDS, "max_iterations": 1},
        )  # fmt: skip
        assert look_at(linked(out["messages"][-1])[0]) == "image/png"

    ask(fork)


def sent(server: str, assistant: str, text: str, **task: str) -> Any:
    """Send a message to an assistant as another agent does, and return the task."""
    parts = [{"kind": "text", "text": text}]
    message = {"role": "user", "messageId": "1", "kind": "message", "parts": parts, **task}
    call = {"jsonrpc": "2.0", "id": "1", "method": "message/send", "params": {"message": message}}
    headers = {"Accept": "application/json"}
    answer = httpx2.post(f"{server}/a2a/{assistant}", json=call, headers=headers, timeout=120)
    return answer.json()["result"]


def chosen(task: Any) -> str:
    """Fetch the picture of a finished task, and return its media type."""
    [artifact] = task["artifacts"]
    [text] = [part["text"] for part in artifact["parts"] if part["kind"] == "text"]
    [file] = [part["file"] for part in artifact["parts"] if part["kind"] == "file"]
    assert file["uri"] in text
    assert file["mimeType"] == look_at(file["uri"])
    return str(file["mimeType"])


def test_another_agent_talks_to_the_chat_over_a2a(server: str, ask: Any) -> None:
    async def made(client: Any) -> tuple[str, str]:
        found = await client.assistants.search(graph_id="gems_chat")  # others may be kept
        [plain] = [each for each in found if each["name"] == "gems_chat"]
        context = {"pause": "verdicts", **TWO_ROUNDS}
        pausing = await client.assistants.create("gems_chat", context=context, name="asks")
        return plain["assistant_id"], pausing["assistant_id"]

    plain, pausing = ask(made)
    card = httpx2.get(f"{server}/.well-known/agent-card.json?assistant_id={plain}").json()
    assert "chat" in json.dumps(card)
    assert chosen(sent(server, plain, "a red fish left of a blue house")) == "image/png"

    task = sent(server, pausing, HARD)
    assert "input" in task["status"]["state"].lower().replace("_", "-")
    question = task["artifacts"][0]["parts"][0]["data"]["value"]
    assert look_at(question["image"]["url"]) == "image/png"
    names = {"contextId": task["contextId"], "taskId": task["id"]}
    again = sent(server, pausing, "hm", **names)["artifacts"][0]["parts"][0]["data"]["value"]
    assert "'hm' is no answer to this" in again["problem"]
    assert chosen(sent(server, pausing, "approve", **names)) == "image/png"


def test_the_servers_own_mcp_is_off_and_thoughts_are_not_served(server: str) -> None:
    answer = httpx2.post(f"{server}/mcp/", json={}, headers={"Accept": "application/json"})
    assert "gems_chat" not in answer.text
    assert httpx2.get(f"{server}/gems/images/{'0' * 64}").status_code == 404
