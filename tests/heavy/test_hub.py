"""Models of the hub where it cannot be reached: refused at once, or taken from the cache."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from gems_graph import Store, run
from gems_graph.errors import ConfigError
from gems_graph.generators import GeneratorSpec, open_generator
from gems_graph.testing import ScriptedChat

pytest.importorskip("diffusers", reason="needs diffusers: make heavy")

import huggingface_hub
from huggingface_hub import constants

from tests.heavy import tiny


class Hub(ThreadingHTTPServer):
    """Answers every request with one status; 0: never."""

    def __init__(self, status: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.asked, self.over = status, 0, threading.Event()


class _Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self) -> None:
        self.server.asked += "model_index.json" in self.path  # and not what its client asks for
        if not self.server.status:
            self.server.over.wait()
            return
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    return tmp_path / "hub"


@pytest.fixture
def hub(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    server = Hub(request.param)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    at = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "ENDPOINT", at)
    template = f"{at}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("hub", "said"),
    [(503, r"\(HTTP 503\)"), (0, r"\(no answer in 0.5 s\)|\(ReadTimeout: ")],
    indirect=["hub"],
)
def test_a_hub_that_cannot_be_reached_is_asked_once(
    hub: Hub, said: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_ETAG_TIMEOUT", "0.5")
    chat = ScriptedChat()
    with pytest.raises(ConfigError, match=f"hub cannot be reached {said}, and 'Tongyi-MAI/Z-Image"):
        run("p", mllm=chat, generator="diffusers:z-image-turbo", store=store)
    assert hub.asked == 1
    assert not chat._asked


@pytest.mark.parametrize("hub", [404], indirect=True)
def test_what_a_hub_does_not_have_is_told_as_it_says(hub: Hub) -> None:
    with pytest.raises(ConfigError, match=r"No diffusers pipeline can be read from 'some/thing'"):
        open_generator("diffusers:some/thing")


def test_a_hub_that_the_user_turned_off_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ConfigError, match=r"OfflineModeIsEnabled: .*check the network, HF_ENDPOI"):
        open_generator("diffusers:some/thing")


@pytest.mark.parametrize("hub", [503], indirect=True)
def test_what_was_downloaded_before_draws_without_the_hub(hub: Hub, cache: Path) -> None:
    commit, repo = "0" * 40, cache / "models--some--thing"
    tiny.saved(tiny.z_image, repo / "snapshots" / commit)
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text(commit)
    generator: Any = open_generator(GeneratorSpec(name="diffusers:some/thing"))
    assert type(generator.given).__name__ == "ZImagePipeline"
    assert hub.asked == 1
    asyncio.run(generator.aclose())


def test_a_folder_is_opened_without_any_hub(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", None)
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model_index.json").write_text(json.dumps({"_class_name": "DreamPipeline"}))
    with pytest.raises(ConfigError, match="a DreamPipeline, which diffusers"):
        open_generator(f"diffusers:{folder}")
