"""The Verifier for other agents: a function, a tool; what it is given, and what it says."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from PIL import Image

from gems_graph import Store, as_judge, averify, verify
from gems_graph.agents.looking import Judged
from gems_graph.errors import ModelError, UsageError
from gems_graph.images import keep_given
from gems_graph.testing import ScriptedChat, text_of
from tests.agents.hosts import Host, asking, tool_messages
from tests.conftest import criteria, verdicts

RED = Image.new("RGB", (64, 48), "red")


def png() -> bytes:
    out = io.BytesIO()
    RED.save(out, "PNG")
    return out.getvalue()


def judge(*rounds: str, **script: Any) -> ScriptedChat:
    return ScriptedChat(script={"verify": verdicts(*rounds), **script})


def given_as(kind: str, store: Store, folder: Path) -> object:
    file = folder / "red.png"
    file.write_bytes(png())
    reference = keep_given(png(), store)
    return {
        "path": file, "name": str(file), "bytes": png(), "picture": RED, "reference": reference,
        "hash": reference["sha256"],
        "data": f"data:image/png;base64,{base64.b64encode(png()).decode()}",
    }[kind]  # fmt: skip


@pytest.mark.parametrize("kind", ["path", "name", "bytes", "picture", "reference", "hash", "data"])
def test_a_picture_in_any_form_is_judged(kind: str, store: Store, tmp_path: Path) -> None:
    seen = verify(
        given_as(kind, store, tmp_path), ["Is there A?", "Is there B?"],
        mllm=judge("yn"), store=store,
    )  # fmt: skip
    assert [verdict["answer"] for verdict in seen.verdicts] == ["yes", "no"]
    assert (seen.passed, seen.success, seen.image["width"]) == (1, False, 64)
    assert seen.text.splitlines()[0] == "1 of 2 criteria hold."
    assert "no: Is there B? (B seen)" in seen.text


@pytest.mark.anyio
async def test_a_wish_is_split_into_criteria_and_the_judge_never_sees_it(store: Store) -> None:
    chat = judge("yy", decompose=criteria(2))
    seen = await averify(png(), "a secret wish", mllm=chat, store=store)
    assert (seen.success, [c["source"] for c in seen.criteria]) == (True, ["decomposer"] * 2)
    [[wished]] = chat.asked("decompose")
    assert "a secret wish" in text_of(wished)
    assert all("secret" not in text_of(messages[0]) for messages in chat.asked("verify"))


@pytest.mark.parametrize("asked", [[], [" "], ["Is there A?", ""], "  "])
def test_a_missing_criterion_is_named(asked: Any, store: Store) -> None:
    with pytest.raises(UsageError, match="none of them blank"):
        verify(png(), asked, mllm=judge("y"), store=store)


def test_an_outage_is_no_verdict(store: Store) -> None:
    with pytest.raises(ModelError, match="down"):
        verify(png(), ["Is there A?"], mllm=judge("y", verify=ModelError("down")), store=store)


def test_the_offline_judge_looks(store: Store) -> None:
    seen = verify(png(), ["Is there exactly one red star?"], store=store)
    assert isinstance(seen, Judged)
    assert not seen.success


@pytest.mark.anyio
@pytest.mark.parametrize("door", ["sync", "async"])
async def test_an_agent_has_a_picture_judged(store: Store, door: str) -> None:
    reference = keep_given(png(), store)
    call = [("verify_picture", {"picture": reference["sha256"], "criteria": ["Is there A?"]})]
    agent = create_agent(Host(plan=[call]), [as_judge(mllm=judge("u"), store=store)])
    out = agent.invoke(asking()) if door == "sync" else await agent.ainvoke(asking())
    [message] = tool_messages(out)
    assert message.text == "0 of 1 criterion holds.\nunsure: Is there A? (A seen)"
    record = message.artifact
    assert (record["success"], record["criteria"][0]["answer"]) == (False, "unsure")
    assert record["image"]["sha256"] == reference["sha256"]


@pytest.mark.parametrize("picture", ["/etc/passwd", "no such file.png", "0" * 64])
def test_what_is_no_picture_is_told_in_a_sentence(store: Store, picture: str) -> None:
    call = [("verify_picture", {"picture": picture, "criteria": ["Is there A?"]})]
    agent = create_agent(Host(plan=[call]), [as_judge(mllm=judge("y"), store=store)])
    [message] = tool_messages(agent.invoke(asking()))
    assert message.status == "error"
    assert "root:" not in message.text
    assert message.text.endswith(".") or "missing" in message.text


def test_files_are_closed_to_strangers(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "red.png"
    file.write_bytes(png())
    call = [("verify_picture", {"picture": str(file), "criteria": ["Is there A?"]})]
    chat = judge("y")
    agent = create_agent(Host(plan=[call]), [as_judge(mllm=chat, store=store, files=False)])
    [message] = tool_messages(agent.invoke(asking()))
    assert message.status == "error"
    assert chat.asked("verify") == []


@pytest.mark.anyio
async def test_progress_reaches_the_stream_of_the_agent(store: Store) -> None:
    call = [("verify_picture", {"picture": keep_given(png(), store)["sha256"],
                                "criteria": ["Is there A?", "Is there B?"]})]  # fmt: skip
    agent = create_agent(Host(plan=[call]), [as_judge(mllm=judge("yy"), store=store)])
    events = [event async for event in agent.astream(asking(), stream_mode="custom")]
    assert [event["done"] for event in events] == [1, 2]
