"""The strip of a run that goes on: anew after each picture, each verdict, and the end."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from PIL import Image

from gems_graph import Store, run
from gems_graph.errors import ConfigError
from gems_graph.runs.live import LiveStrip
from gems_graph.testing import Painter, ScriptedChat
from tests.conftest import two_rounds


def test_each_picture_and_each_verdict_is_shown_as_it_comes(store: Store) -> None:
    shown: list[Image.Image] = []
    live = LiveStrip(store, shown.append)
    chat = ScriptedChat(script=two_rounds())
    made = run("a cat", mllm=chat, generator=Painter(), store=store, on_event=live)
    assert len(shown) == 5  # two pictures, two verdicts, the end
    assert shown[0].width < shown[2].width == shown[4].width
    assert shown[0].tobytes() != shown[1].tobytes()
    assert live.state["result"] == made.result
    assert [each["n"] for each in live.state["rounds"]] == [1, 2]
    assert live.state["attempt"] is None


def test_a_lost_picture_stops_no_run(store: Store) -> None:
    shown: list[Any] = []
    live = LiveStrip(Store(store.location + "-other"), shown.append)
    chat = ScriptedChat(script=two_rounds())
    made = run("a cat", mllm=chat, generator=Painter(), store=store, on_event=live)
    assert (made.success, shown) == (True, [])


def test_without_a_notebook_it_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "IPython.display", None)
    with pytest.raises(ConfigError, match="needs a notebook"):
        LiveStrip()
