"""What nothing can hold or finish is refused at once, in one sentence, with exit code 2."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from gems_graph import Settings, build_graph, paths
from gems_graph.errors import ConfigError, UsageError
from gems_graph.generators import open_generator
from gems_graph.models import open_chat
from gems_graph.persistence.fork import fork
from gems_graph.persistence.last import config_of
from gems_graph.persistence.threads import open_threads
from gems_graph.runs.follow import Job, follow
from gems_graph.settings import settle
from gems_graph.settings.roles import ModelSpec
from gems_graph.testing import ChatServer, ImageServer
from tests.conftest import HARD, CommandResult, Gems

MANY = "1" + "0" * 23


def refused(result: CommandResult, said: str) -> None:
    """Make sure that a command said one sentence and did nothing."""
    assert (result.code, result.out) == (2, "")
    assert "Traceback" not in result.err
    assert said in result.err
    assert len(result.err) < 5000


@pytest.mark.parametrize(
    "setting",
    [f"max_tokens={MANY}", f"max_calls={MANY}", f"max_images={MANY}", f"max_tokens_total={MANY}",
     "max_cost=inf", "max_seconds=inf", "max_seconds=nan", "requests_per_minute=inf",
     "generator_price=inf", 'prices={"a": {"input": Infinity}}', "temperature=nan",
     f'roles={{"verifier": {{"max_tokens": {MANY}}}}}', f'extra_body={{"a": {MANY}}}',
     'extra_body={"a": [Infinity]}', f"generator_options.steps={MANY}", "size=99999x99999",
     "size=64000x1001", f"seed={MANY}"],
)  # fmt: skip
def test_numbers_out_of_all_bounds_are_refused(gems: Gems, setting: str) -> None:
    result = gems("run", "a red fish", "--set", setting)
    refused(result, setting.partition("=")[0].partition(".")[0])


def test_pictures_as_large_as_the_store_keeps_are_asked_for() -> None:
    assert settle({"size": "8000x8000"}).size_px == (8000, 8000)


DEEP = {
    "json": '{"a":' * 5000 + "1" + "}" * 5000,
    "list": "[" * 50_000,
    "toml": "a=" + "[" * 50_000,
}


@pytest.mark.parametrize("way", ["assignment", "variable", "toml", "criteria", "entry"])
def test_what_is_nested_without_end_is_refused(
    gems: Gems, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, more = tmp_path / f"deep.{way}", list[str]()
    if way == "assignment":
        more = ["--set", f"extra_body={DEEP['json']}"]
    elif way == "entry":
        more = ["--set", f"generator_options.a={DEEP['json']}"]
    elif way == "variable":
        monkeypatch.setenv("GEMS_ROLES", DEEP["list"])
    else:
        file.write_text(DEEP["toml" if way == "toml" else "list"])
        more = ["--config" if way == "toml" else "--criteria", str(file)]
    result = gems("run", "a red fish", *more)
    assert (result.code, result.out) == (2, "")
    assert "Traceback" not in result.err


def test_a_table_is_fifty_deep_at_most() -> None:
    def nested(depth: int) -> dict[str, Any]:
        return {"a": nested(depth - 1)} if depth else {}

    assert settle({"extra_body": nested(40)}).extra_body
    with pytest.raises(ConfigError, match="nested more than 50 deep"):
        settle({"extra_body": nested(200)})


@pytest.mark.parametrize("text", ["a red\x00circle", "a red fish " * 100_000, "a \ud83d"])
def test_a_request_that_nothing_keeps_is_refused_by_every_door(text: str) -> None:
    graph = build_graph()
    with pytest.raises(UsageError, match=r"NUL|50,000 at most|half of one"):
        graph.invoke({"prompt": text})
    with pytest.raises(UsageError, match=r"NUL|50,000 at most|half of one"):
        graph.invoke({"prompt": "a red fish", "checklist": ["Is it red?", text]})


def test_a_long_request_is_refused_soon(gems: Gems, tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text(json.dumps({"prompt": "red fish " * 100_000}))
    result = gems("run", "--prompts", "p.jsonl")
    assert "50,000 at most" in result.err
    refused(gems("run", "red fish " * 100_000), "50,000 at most")


@pytest.mark.parametrize("command", ["resume", "show", "run"])
def test_a_thread_with_a_nul_is_refused(gems: Gems, command: str) -> None:
    arguments = ["a red fish", "--thread", "a\x00b"] if command == "run" else ["a\x00b"]
    result = gems(command, *arguments)
    assert result.code in (1, 2)
    assert "Traceback" not in result.err


@pytest.mark.anyio
async def test_answers_and_forks_with_a_nul_are_refused() -> None:
    async with open_threads() as threads:
        job = Job("t", "a red fish", settings=settle({"pause": "criteria", "seed": 1}))
        assert (await follow(threads, job)).question
        for answer in ({"criteria": ["Is it\x00red?"]}, {"prompt": "a\x00b"}):
            with pytest.raises(UsageError, match="NUL"):
                await follow(threads, Job("t", answer=answer))
        assert (await follow(threads, Job("t", answer=True))).state["result"]["success"]
        with pytest.raises(UsageError, match="NUL"):
            await fork(threads, "t", prompt="a\x00b")


# ------------------------------------------------------------------ exit codes and files


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["resume", "NOPE"], "no trajectory 'NOPE'"),
        (["run", "--prompts", "/nope"], "Cannot read prompts"),
        (["run", "a red fish", "--skills", "/nope"], "'/nope' does not exist"),
        (["run", "a red fish", "--generator", "dall-e-3"], "no generator 'dall-e-3'"),
    ],
)
def test_wrong_usage_exits_with_2(gems: Gems, arguments: list[str], said: str) -> None:
    result = gems(*arguments)
    assert result.code == 2
    assert said in result.err


@pytest.mark.parametrize("value", ["true", "false", "[1]", "{}", "1.5", '""', '" "'])
def test_an_id_is_a_name_or_a_number(gems: Gems, tmp_path: Path, value: str) -> None:
    (tmp_path / "p.jsonl").write_text(f'{{"prompt": "a red fish", "id": {value}}}')
    refused(gems("run", "--prompts", "p.jsonl"), "line 1: the id cannot be")


def test_links_in_a_folder_are_replaced_and_not_followed(gems: Gems, tmp_path: Path) -> None:
    out, names = tmp_path / "out", ["image.png", "rounds.png", "round-1.png", "trajectory.json"]
    out.mkdir()
    for name in names:
        (tmp_path / f"mine-{name}").write_text("mine")
        (out / name).symlink_to(tmp_path / f"{'gone' if name[0] == 't' else 'mine'}-{name}")
    assert gems("run", "a red fish", "--seed", "1", "--out", "out", "-q").code == 0
    assert {file.name for file in out.iterdir()} == {*names}
    assert not any(file.is_symlink() for file in out.iterdir())
    assert {(tmp_path / f"mine-{name}").read_text() for name in names} == {"mine"}
    assert not (tmp_path / "gone-trajectory.json").exists()


def test_the_picture_of_a_question_follows_no_link(gems: Gems, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "out" / "round-1.png").symlink_to(tmp_path / "mine")
    assert gems("run", HARD, "--seed", "1", "--pause", "verdicts", "--out", "out").code == 4
    assert (tmp_path / "mine").read_text() == "mine"
    assert not (tmp_path / "out" / "round-1.png").is_symlink()


# ------------------------------------------------------------------ checkpoints of others


def damage(statement: str, *values: Any) -> None:
    with sqlite3.connect(paths.database()) as db:
        db.execute(statement, values)


SHAPES: list[Any] = [
    {"rounds": "no list"}, {"rounds": [{"n": "one"}]}, {"criteria": [1]}, {"attempt": []},
    {"settings": 7}, {"ledger": []}, {"schema": "two"}, {"stop": "yes"}, {"result": [0]},
]  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: next(iter(shape)))
def test_a_state_of_another_shape_is_one_sentence(gems: Gems, shape: dict[str, Any]) -> None:
    async def write() -> None:
        async with open_threads() as threads:
            await follow(threads, Job("t", "a red fish", settings=Settings(seed=1)))
            head = await threads.saver.aget_tuple(config_of("t"))
            assert head
            checkpoint = head.checkpoint
            checkpoint["channel_values"].update(shape)
            await threads.saver.aput(head.config, checkpoint, head.metadata, {})

    asyncio.run(write())
    for command in ("show", "resume", "fork"):
        result = gems(command, "t")
        assert result.code in (1, 2), command
        assert "Traceback" not in result.err
        assert "'t'" in result.err
    assert gems("history").code == 0  # it looks at what it shows alone


@pytest.mark.parametrize("kind", ["pickle", "nonsense", "json", ""])
def test_a_checkpoint_of_an_unknown_type_is_one_sentence(gems: Gems, kind: str) -> None:
    gems("run", "a red fish", "--seed", "1", "--thread", "t", "-q")
    damage("UPDATE checkpoints SET type = ?", kind)
    for command in ("show", "resume", "fork"):
        result = gems(command, "t")
        assert result.code == 1, command
        assert "'t'" in result.err
        assert "damaged, or none of ours" in result.err
        assert "gems rm t" in result.err


# ------------------------------------------------------------------ allowed servers


@pytest.mark.parametrize(
    ("allowed", "url", "fine"),
    [
        ("a.example, b.example:8000", "https://a.example/v1", True),
        ("a.example b.example:8000", "http://B.example:8000/v1", True),
        ("b.example:8000", "http://b.example/v1", False),
        ("b.example:443", "https://b.example/v1", True),
        ("a.example", "http://a.example.evil/v1", False),
        ("a.example", "http://a.example@evil/v1", False),
        ("", "http://a.example/v1", False),
        ("a.example", "http://a.example:x/v1", False),
    ],
)
def test_a_host_says_which_servers_may_be_called(
    monkeypatch: pytest.MonkeyPatch, allowed: str, url: str, fine: bool
) -> None:
    monkeypatch.setenv("GEMS_SERVERS", allowed)
    openings = [
        lambda: open_chat(ModelSpec.model_construct(mllm="compat:m", mllm_url=url)),
        lambda: open_generator(f"http:{url}") if "@" not in url else None,
    ]
    for opening in openings:
        if fine:
            assert opening()
        elif "@" not in url:
            with pytest.raises(ConfigError, match="GEMS_SERVERS allows"):
                opening()


def test_a_database_of_a_stranger_gets_no_key_on_resume(
    gems: Gems, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ChatServer() as chat, ImageServer() as images:
        options = ["--mllm", "compat:m", "--mllm-url", chat.url, "--generator", images.url]
        gems("run", "p", *options, "--thread", "t", "-q", "--pause", "criteria")
        before = len(chat.requests) + len(images.requests)
        monkeypatch.setenv("GEMS_SERVERS", "models.example")
        monkeypatch.setenv("GEMS_API_KEY", "sk-mine-and-nobody-elses")
        result = gems("resume", "t", "--go-on")
        assert (result.code, len(chat.requests) + len(images.requests)) == (2, before)
        assert "GEMS_SERVERS allows" in result.err
        monkeypatch.setenv("GEMS_SERVERS", "127.0.0.1")
        assert gems("resume", "t").code == 0


def test_databases_are_for_their_owner_alone_in_an_open_folder(gems: Gems) -> None:
    paths.home().mkdir(mode=0o755, parents=True)
    os.chmod(paths.home(), 0o755)
    gems("run", "a red fish", "--seed", "1", "-q")
    files = [file for file in paths.home().iterdir() if ".sqlite" in file.name]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert {"trajectories.sqlite", "journal.sqlite"} <= {file.name for file in files}
