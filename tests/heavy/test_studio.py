"""The graph under `langgraph dev`, as LangGraph Studio uses it."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.conftest import HARD

pytest.importorskip("langgraph_api", reason="needs the dev server: make heavy")

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (tmp_path_factory.mktemp("dev") / "log").open("w+")
    command = [str(Path(sys.executable).parent / "langgraph"), "dev", "--no-browser", "--no-reload"]
    process = subprocess.Popen(
        [*command, "--port", str(port)], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT
    )
    transport = httpx2.HTTPTransport(retries=0)
    with httpx2.Client(
        base_url=f"http://127.0.0.1:{port}", timeout=120, transport=transport
    ) as client:
        try:
            _wait(client, process)
            yield client
        finally:
            process.terminate()
            process.wait(30)
            log.close()


def _wait(client: httpx2.Client, process: subprocess.Popen[Any]) -> None:
    while process.poll() is None:
        try:
            if client.get("/ok", timeout=1).is_success:
                return
        except httpx2.TransportError:
            continue
    pytest.fail("langgraph dev did not start")


def test_a_run_on_the_server_ends_with_a_picture(server: httpx2.Client) -> None:
    out = server.post(
        "/runs/wait",
        json={
            "assistant_id": "gems",
            "input": {"prompt": "a red fish left of a blue house"},
            "context": {"max_iterations": 2, "seed": 3},
        },
    ).json()
    assert out["result"]["verified"]
    assert len(out["rounds"]) <= 2
    assert out["rounds"][0]["seed"] == 3


@pytest.mark.parametrize(
    ("prompt", "context", "said"),
    [
        ("a fox reading a newspaper", {}, "does not know 'fox', 'reading', 'newspaper'"),
        ("a red fish", {"max_iterations": 0}, "The setting max_iterations=0 is not valid"),
    ],
)
def test_what_went_wrong_is_told_in_our_own_sentence(
    server: httpx2.Client, prompt: str, context: dict[str, Any], said: str
) -> None:
    given = {"assistant_id": "gems", "input": {"prompt": prompt}, "context": context}
    thread = server.post("/threads", json={}).json()["thread_id"]
    out = server.post(f"/threads/{thread}/runs/wait", json=given).json()
    assert said in out["__error__"]["message"]


def test_studio_finds_the_form_and_the_picture_of_the_graph(server: httpx2.Client) -> None:
    [assistant] = server.post("/assistants/search", json={}).json()
    url = f"/assistants/{assistant['assistant_id']}"
    schemas = server.get(f"{url}/schemas").json()
    dials = schemas["context_schema"]["properties"]
    assert dials["max_iterations"]["default"] == 5
    assert all(dial["description"] for dial in dials.values())
    assert "prompt" in schemas["input_schema"]["properties"]
    nodes = {node["id"] for node in server.get(f"{url}/graph").json()["nodes"]}
    assert {"planner", "decomposer", "generator", "verifier", "refiner"} <= nodes


def test_a_preset_is_a_choice_of_the_form(server: httpx2.Client) -> None:
    [assistant] = server.post("/assistants/search", json={}).json()
    url = f"/assistants/{assistant['assistant_id']}/schemas"
    dial = server.get(url).json()["context_schema"]["properties"]["preset"]
    assert {"paper", "reference", "loop-only", "memory-experience"} <= set(dial["enum"])
    given = {"assistant_id": "gems", "input": {"prompt": HARD}}
    context = {"preset": "loop-only", "seed": 1, "max_iterations": 2}
    out = server.post("/runs/wait", json={**given, "context": context}).json()
    assert (len(out["rounds"]), out["experiences"], out["skills"]) == (2, [], [])


def go(server: httpx2.Client, thread: str, **body: Any) -> Any:
    """Run on a thread as Studio does, to its end or to the next question."""
    return server.post(f"/threads/{thread}/runs/wait", json={"assistant_id": "gems", **body}).json()


def asked(server: httpx2.Client, thread: str) -> list[Any]:
    """Return the open questions of a thread, as its state shows them."""
    state = server.get(f"/threads/{thread}/state").json()
    return [interrupt for task in state["tasks"] for interrupt in task["interrupts"]]


def test_a_run_waits_for_a_person_in_its_thread(server: httpx2.Client) -> None:
    thread = server.post("/threads", json={}).json()["thread_id"]
    context = {"pause": "both", "seed": 1, "max_iterations": 2}
    out = go(server, thread, input={"prompt": HARD}, context=context)
    [interrupt] = asked(server, thread)
    assert out["__interrupt__"][0]["value"] == interrupt["value"]
    assert interrupt["response_schema"]["properties"].keys() == interrupt["value"]["answers"].keys()
    questions = [criterion["question"] for criterion in interrupt["value"]["criteria"]]
    assert server.get(f"/threads/{thread}").json()["status"] == "interrupted"

    go(server, thread, command={"resume": {"criteria": questions[:-1]}})
    [interrupt] = asked(server, thread)
    judged = interrupt["value"]["verdicts"]
    assert [verdict["question"] for verdict in judged] == questions[:-1]

    refused = go(server, thread, command={"resume": {"verdicts": {"9": "yes"}}})
    assert "There is no criterion 9; they are numbered 1 to 4." in refused["__error__"]["message"]
    assert [each["value"] for each in asked(server, thread)] == [interrupt["value"]]

    failed = {str(v["n"]): "yes" for v in judged if v["answer"] == "no"}
    assert failed  # or there was nothing to overrule
    out = go(server, thread, command={"resume": {"verdicts": failed}})
    assert (out["result"]["stop"]["reason"], out["result"]["round"]) == ("passed", 1)
    assert asked(server, thread) == []


def test_a_question_is_streamed_and_a_picture_accepted(server: httpx2.Client) -> None:
    thread = server.post("/threads", json={}).json()["thread_id"]
    body = {
        "assistant_id": "gems",
        "input": {"prompt": HARD},
        "context": {"pause": "verdicts", "seed": 1},
        "stream_mode": ["updates", "values"],
    }
    told = server.post(f"/threads/{thread}/runs/stream", json=body).text
    assert '"kind":"verdict"' in told.replace(" ", "")
    out = go(server, thread, command={"resume": {"accept": True}})
    assert out["result"]["stop"]["reason"] == "accepted"
    assert len(out["rounds"]) == 1
