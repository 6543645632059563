"""What a run gives to Python and notebooks: pictures, a short line, HTML, files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from PIL import Image

from gems_graph import Store, Trajectory, build_graph, run
from gems_graph.errors import StoreError, UsageError
from gems_graph.testing import Painter, ScriptedChat
from tests.conftest import criteria, two_rounds, verdicts


def trajectory(store: Store, prompt: str = "a cat", **script: Any) -> Trajectory:
    chat = ScriptedChat(script=script or two_rounds())
    return run(prompt, mllm=chat, generator=Painter(), store=store, max_iterations=2)


def test_the_picture_of_what_a_graph_returned_needs_no_store() -> None:
    graph = build_graph(mllm=ScriptedChat(script=two_rounds()), generator=Painter())
    made = Trajectory(graph.invoke({"prompt": "a cat"}))
    assert made.image.size == (64, 64)
    assert (made.success, made.standing, len(made.rounds)) == (True, "passed", 2)


def test_a_line_says_what_and_how_well(store: Store) -> None:
    made = trajectory(store, "cat " * 100)
    assert repr(made) == f"<Trajectory {'cat ' * 14 + 'cat…'!r}: passed, 2 of 2 criteria, 2 rounds>"


def test_a_notebook_shows_the_picture_the_standing_and_every_verdict(store: Store) -> None:
    html = trajectory(store, "a <cat>", **{**two_rounds(), "verify": verdicts("yn")})._repr_html_()
    assert html.count("data:image/") == 2  # the picture and the strip
    assert "a &lt;cat&gt;" in html
    assert "<cat>" not in html
    assert "best effort" in html
    assert (html.count("✓"), html.count("✗")) == (2, 2)
    assert html.count(">B seen<") == 1  # why it fails, in the chosen round
    assert len(html) < 100_000


def test_evidence_cannot_leave_its_place(store: Store) -> None:
    attack = {"evidence": '"><script>alert(1)</script>', "answer": "no"}
    html = trajectory(store, decompose=criteria(1), verify=attack)._repr_html_()
    assert "script>" not in html.replace("&lt;script&gt;", "").replace("&lt;/script&gt;", "")


def test_a_missing_picture_is_named_instead_of_shown(store: Store) -> None:
    made = trajectory(store)
    for entry in [*store.entries()]:
        store.remove(entry.sha256)
    assert "is missing from the image store" in made._repr_html_()
    with pytest.raises(StoreError, match="is missing"):
        _ = made.image


def test_a_run_that_waits_has_no_picture_yet(store: Store) -> None:
    graph = build_graph(
        mllm=ScriptedChat(script=two_rounds()), generator=Painter(), store=store,
        pause="criteria", checkpointer=InMemorySaver(),
    )  # fmt: skip
    config: Any = {"configurable": {"thread_id": "t"}}
    made = Trajectory(graph.invoke({"prompt": "a cat"}, config), store)
    assert repr(made) == "<Trajectory 'a cat': waiting, 0 rounds>"
    assert "waiting" in made._repr_html_()
    with pytest.raises(UsageError, match="waits for an answer"):
        _ = made.image
    with pytest.raises(UsageError, match="waits for an answer"):
        made.save("here")


def test_the_picture_is_saved_to_a_file_and_all_of_it_to_a_folder(store: Store) -> None:
    made = trajectory(store)
    assert Image.open(made.save("pictures/cat.png")).tobytes() == made.image.tobytes()
    names = {"image.png", "round-1.png", "round-2.png", "rounds.png", "trajectory.json"}
    assert {file.name for file in made.save("cat").iterdir()} == names
    assert made.save("cat") == Path("cat-2")
    record = json.loads(Path("cat/trajectory.json").read_text())
    assert record["settings"]["max_iterations"] == 2
    with pytest.raises(UsageError, match=r"cat\.mp3 names no kind of picture"):
        made.save("cat.mp3")


def test_a_record_without_settings_names_no_models(store: Store) -> None:
    made = trajectory(store)
    state = {name: value for name, value in made.state.items() if name != "settings"}
    folder = Trajectory(state, store).save("bare")
    assert json.loads((folder / "trajectory.json").read_text())["models"] == {}


def test_all_rounds_are_shown(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []
    monkeypatch.setattr(Image.Image, "show", lambda image: shown.append(image))
    made = trajectory(store)
    made.show()
    assert [image.size for image in shown] == [made.strip.size]
