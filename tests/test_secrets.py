"""Keys, tokens and picture bytes stay out of checkpoints, records, logs, output and errors."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from gems_graph import Settings, build_graph
from gems_graph.errors import ConfigError, GemsError
from gems_graph.generators.http import open_backend
from gems_graph.persistence.savers import open_saver
from gems_graph.settings import from_env, settle
from gems_graph.testing import ChatServer, Fault, Flaky, Hang, ImageServer
from tests.conftest import CommandResult, Gems, two_rounds

SECRET = "sk-SENTINEL0badc0de"
ECHO = f'{{"error": {{"message": "Incorrect API key provided: {SECRET}"}}}}'
FORMS = [
    SECRET.encode(),
    SECRET.encode("utf-16-le"),
    SECRET.encode("utf-16-be"),  # EXIF of pictures
    base64.b64encode(f"user:{SECRET}".encode()).rstrip(b"="),
]


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)  # of every package
    for name in ("GEMS_API_KEY", "GEMS_GENERATOR_KEY", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, SECRET)


def under(folder: Path) -> Iterator[tuple[Path, bytes]]:
    return ((file, file.read_bytes()) for file in folder.rglob("*") if file.is_file())


def nowhere(folder: Path, caplog: pytest.LogCaptureFixture, *result: CommandResult) -> None:
    """Make sure that the secret is in no file, output or log record."""
    files = dict(under(folder))
    assert {"trajectories.sqlite", "journal.sqlite"} <= {file.name for file in files}
    assert [file for file, data in files.items() if any(form in data for form in FORMS)] == []
    assert SECRET not in repr(result)
    assert caplog.records
    assert [r for r in caplog.records if SECRET in f"{r.getMessage()}{r.__dict__}"] == []


def options(chat: ChatServer, images: ImageServer) -> list[str]:
    return [
        "--mllm", "compat:m", "--mllm-url", f"{chat.url}/v1",
        "--generator", f"http:{images.url}/generate?steps=8", "--set", "retry_wait=0",
        "--set", "retries=1", "--seed", "7", "--thread", "t", "--out", "out",
    ]  # fmt: skip


@pytest.mark.parametrize("more", [["--show-context"], ["--json"], ["-q"]])
def test_a_run_shows_its_keys_to_the_servers_alone(
    gems: Gems,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    more: list[str],
) -> None:
    with ChatServer(two_rounds(), reasoning="because") as chat, ImageServer() as images:
        result = gems("run", "p", *options(chat, images), *more)
        keys = {request["key"] for request in [*chat.requests, *images.requests]}
    assert (result.code, keys) == (0, {f"Bearer {SECRET}"})
    nowhere(tmp_path, caplog, result)


@pytest.mark.parametrize("status", [401, 503])
@pytest.mark.parametrize("of", ["select-skills", "refine", "first image", "second image"])
def test_a_run_that_fails_tells_nobody_its_keys_and_can_be_taken_up(
    gems: Gems,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    of: str,
    status: int,
) -> None:
    fault = Fault(status, ECHO)
    faults = [fault] if status == 401 else [fault, fault]  # a 401 is not tried again
    good = {"select-skills": {"skills": []}, "refine": {"rationale": "r", "prompt": "b"}}
    script = two_rounds() | ({of: [*faults, good[of]]} if of in good else {})
    pictures = {"first image": faults, "second image": [None, *faults]}.get(of, [])
    with ChatServer(script) as chat, ImageServer(pictures) as images:
        result = gems("run", "p", *options(chat, images))
        again = gems("resume", "t", "--json")
    assert result.code == (1 if of in ("select-skills", "first image") else 3)
    assert json.loads(again.out)["stop_reason"] == "passed"
    nowhere(tmp_path, caplog, result, again)


class Hangs(Flaky):
    """Never answers."""

    def __init__(self) -> None:
        super().__init__(seed=1, rate=1, most=9)

    def strike(self, request: bytes) -> Hang:
        return Hang()


@pytest.mark.parametrize("who", ["chat", "image"])
def test_a_server_that_does_not_answer_is_named_without_keys(
    gems: Gems,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    who: str,
) -> None:
    stuck = {who: Hangs()}
    with ChatServer(flaky=stuck.get("chat")) as chat, ImageServer(flaky=stuck.get("image")) as i:
        result = gems("run", "p", *options(chat, i), "--set", f"{_TIMEOUT[who]}=0.3")
    assert result.code == 1
    assert "no answer within 0.3 s" in result.err
    nowhere(tmp_path, caplog, result)


_TIMEOUT = {"chat": "call_timeout", "image": "image_timeout"}


def test_the_doctor_names_a_refused_key_without_showing_it(
    gems: Gems,
    caplog: pytest.LogCaptureFixture,
) -> None:
    refused = Fault(401, ECHO)
    with ChatServer({"verify": refused}) as chat, ImageServer([refused]) as images:
        result = gems("doctor", *options(chat, images)[:6])
    assert result.code == 1
    assert result.out.count("HTTP 401") == 2
    assert SECRET not in result.out + result.err + caplog.text


def test_a_key_of_another_scheme_is_sent_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GEMS_GENERATOR_KEY", "Basic dTpw\n")
    with ChatServer() as chat, ImageServer() as images:
        graph = build_graph(mllm="compat:m", mllm_url=chat.url, generator=f"http:{images.url}")
        graph.invoke({"prompt": "p"})
    assert [request["key"] for request in images.requests] == ["Basic dTpw"]


def test_a_generator_is_named_without_its_password() -> None:
    assert open_backend(f"http://user:{SECRET}@host:1/g?token={SECRET}").name == "http:host:1"


URLS = [
    f"http://user:{SECRET}@127.0.0.1:1/v1", f"https://{SECRET}@host/v1",
    f"http://host/v1?token={SECRET}", f"http://host/v1?a=1&API-Key={SECRET}",
    f"http://host/v1?X-Amz-Security-Token={SECRET}", f"http://host/v1#access_token={SECRET}",
]  # fmt: skip
BODIES: list[dict[str, Any]] = [
    {"api_key": SECRET}, {"a": [{"Authorization": f"Bearer {SECRET}"}]},
    {"client_secret": SECRET}, {"webhook": f"https://u:{SECRET}@host"},
]  # fmt: skip
KEPT = [
    *({"mllm_url": url} for url in URLS),
    *({"generator": f"http:{url}"} for url in URLS),
    {"generator": "http", "generator_url": f"http://host/g,http://user:{SECRET}@other/g"},
    *({"extra_body": body} for body in BODIES),
    {"roles": {"judge": {"mllm_url": URLS[0]}}},
    {"roles": {"judge": {"extra_body": BODIES[0]}}},
]


def in_full(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)) + repr(error)


@pytest.mark.parametrize("dials", KEPT, ids=lambda dials: next(iter(dials)))
def test_settings_hold_no_credentials_whichever_way_they_come(dials: dict[str, Any]) -> None:
    ways = [
        lambda: settle(dials),
        lambda: build_graph(**dials),
        lambda: build_graph().invoke({"prompt": "a red fish"}, context=dials),  # type: ignore[arg-type]
        lambda: Settings(**dials),
    ]
    for way in ways:
        with pytest.raises((ConfigError, ValidationError)) as raised:
            way()
        assert "GEMS_API_KEY" in str(raised.value)
        assert SECRET not in in_full(raised.value)


@pytest.mark.parametrize(
    "text", [f'{{"api_key": "{SECRET}"}}', f'{{"x": "{SECRET}"', f'"{SECRET}"', f"[{SECRET}]"]
)
def test_a_body_is_not_repeated_in_what_is_said_of_it(text: str) -> None:
    with pytest.raises(ConfigError, match="extra_body") as raised:
        settle(from_env({"GEMS_EXTRA_BODY": text}))
    assert SECRET not in str(raised.value)


def test_ordinary_addresses_and_fields_are_fine() -> None:
    body = {
        "max_tokens": 5, "prompt_cache_key": "p", "stop_token_ids": [1], "top_k": 4,
        "chat_template_kwargs": {"thinking_budget_tokens": 9}, "see": "https://host/a?tokens=5",
    }  # fmt: skip
    made = settle({"extra_body": body, "generator": "http:http://[::1]:80/g?steps=8&keyframe=2"})
    assert made.extra_body == body


@pytest.mark.parametrize("way", ["option", "variable", "dotenv", "toml", "role"])
def test_the_command_line_refuses_credentials_and_writes_nothing(
    gems: Gems,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    way: str,
) -> None:
    url, more = URLS[0], []
    monkeypatch.setenv("GEMS_MLLM_JUDGE_URL", "")  # undone in the end, whatever .env sets
    if way == "option":
        more = ["--mllm-url", url]
    elif way == "variable":
        monkeypatch.setenv("GEMS_GENERATOR", f"http:{url}")
    elif way == "role":
        monkeypatch.setenv("GEMS_MLLM_JUDGE_URL", url)
    elif way == "dotenv":
        monkeypatch.delenv("GEMS_MLLM_JUDGE_URL")
        Path(".env").write_text(f"GEMS_MLLM_JUDGE_URL={url}\n")
    else:
        Path("gems.toml").write_text(f'mllm_url = "{url}"\n')
    result = gems("run", "a red fish", *more)
    assert (result.code, result.out) == (2, "")
    assert "GEMS_API_KEY" in result.err
    assert SECRET not in result.err + caplog.text
    assert {file.name for file, data in under(tmp_path) if SECRET.encode() in data} <= {
        ".env",
        "gems.toml",
    }


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://user:{SECRET}@host/db",
        f"postgresql://user:{SECRET}@127.0.0.1:1/db",
        f"postgresql://user:{SECRET}%zz@127.0.0.1:1/db",
        f"postgresql://127.0.0.1:1/db?password={SECRET}%zz",
    ],
)
def test_the_password_of_a_database_is_not_repeated(
    url: str,
    gems: Gems,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if url.startswith("postgresql"):
        pytest.importorskip("psycopg")
    monkeypatch.setenv("GEMS_DATABASE", url)
    result = gems("resume", "t")
    assert result.code in (1, 2)
    assert "GEMS_DATABASE" in result.err
    assert SECRET not in result.err


@pytest.mark.parametrize(
    "url", [f"ftp://user:{SECRET}@127.0.0.1:1/x", f"nothing://user:{SECRET}@host/x"]
)
def test_the_password_of_an_image_store_is_not_repeated(
    url: str,
    gems: Gems,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GEMS_IMAGES", url)
    result = gems("run", "a red fish")
    assert result.code in (1, 2)
    assert SECRET not in result.err


def photograph(seed: int) -> bytes:
    """Return a PNG of noise: 300 kB that nothing else holds by chance."""
    noise = np.random.default_rng(seed).integers(0, 256, (320, 320, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).save(out, "PNG")
    return out.getvalue()


def test_picture_bytes_lie_in_the_image_store_and_the_output_alone(
    gems: Gems,
    tmp_path: Path,
) -> None:
    pictures = [photograph(seed) for seed in (1, 2)]
    with ChatServer(two_rounds(), reasoning="because") as chat, ImageServer(pictures) as images:
        assert gems("run", "p", *options(chat, images)).code == 0
        sent = [block for r in chat.requests for block in r["messages"][0]["content"]]
    views = {block["image_url"]["url"].partition(",")[2] for block in sent if "image_url" in block}
    encoded = [base64.b64decode(view) for view in views]
    assert len(encoded) >= 2
    needles = [data[k : k + 30] for data in (*pictures, *encoded) for k in range(60, 20_000, 997)]
    needles += [base64.b64encode(needle)[:36] for needle in needles if len(needle) == 30]
    needles += [b"\x89PNG", b"\xff\xd8\xff\xe0", b"data:image"]
    kept = {
        file: data
        for file, data in under(tmp_path)
        if "images" not in file.parts and file.suffix not in (".png", ".jpg", ".webp")
    }
    assert {file.name for file in kept} >= {"trajectories.sqlite", "trajectory.json"}
    assert [file for file, data in kept.items() if any(needle in data for needle in needles)] == []
    assert sum(len(data) for file, data in under(tmp_path / "out")) > 600_000


def test_a_key_in_the_callers_own_model_stays_out_of_state(tmp_path: Path) -> None:
    from langchain_openai import ChatOpenAI

    async def run(url: str, images: str) -> None:
        model = ChatOpenAI(model="m", base_url=url, api_key=SECRET)  # type: ignore[arg-type]
        async with open_saver(str(tmp_path / "t.sqlite")) as saver:
            graph = build_graph(mllm=model, generator=f"http:{images}", checkpointer=saver)
            await graph.ainvoke({"prompt": "p"}, {"configurable": {"thread_id": "t"}})

    with ChatServer(two_rounds()) as chat, ImageServer() as images:
        asyncio.run(run(chat.url, images.url))
        assert {request["key"] for request in chat.requests} == {f"Bearer {SECRET}"}
    assert [file for file, data in under(tmp_path) if SECRET.encode() in data] == []


def test_errors_of_python_hold_no_key_either() -> None:
    with ChatServer({"select-skills": Fault(401, ECHO)}) as chat, ImageServer() as images:
        graph = build_graph(mllm="compat:m", mllm_url=chat.url, generator=f"http:{images.url}")
        with pytest.raises(GemsError) as raised:
            graph.invoke({"prompt": "p"})
    assert SECRET not in f"{raised.value!s}{raised.value!r}{raised.value.__dict__}"
