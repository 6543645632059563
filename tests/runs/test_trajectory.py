"""What a run gives to Python and notebooks: pictures, a short line, HTML, files."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from PIL import Image

from gems_graph import Store, Trajectory, build_graph, run
from gems_graph.errors import StoreError, UsageError
from gems_graph.testing import Painter, ScriptedChat
from tests.conftest import two_rounds


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


def test_a_notebook_shows_all_rounds_as_a_picture_that_lasts(store: Store) -> None:
    made = trajectory(store)
    shown = Image.open(io.BytesIO(made._repr_png_()))
    assert (shown.format, shown.size) == ("PNG", made.strip().size)
    assert not hasattr(made, "_repr_html_")  # it would win, and is cut where notebooks are read


def test_the_pictures_of_all_rounds(store: Store) -> None:
    made = trajectory(store)
    assert [image.tobytes() for image in made.images] == [
        store.open(round_["image"]).tobytes() for round_ in made.rounds
    ]
    unjudged = Trajectory({"attempt": {**made.rounds[0]}, "rounds": made.rounds[1:]}, store)
    assert len(unjudged.images) == 2


def test_a_report_is_one_file(store: Store) -> None:
    file = trajectory(store, "a <cat>").report("pages/cat.html")
    page = file.read_text(encoding="utf-8")
    assert "a &lt;cat&gt;" in page
    assert "<cat>" not in page
    assert "B seen" in page
    assert "<h3>Models</h3>" in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Trajectory("a cat"), "takes what a graph returned"),  # type: ignore[arg-type]
        (lambda: Trajectory({}, "images"), "Store('images')"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_trajectory_is_told(make: Any, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        make()


def test_a_missing_picture_is_named(store: Store) -> None:
    made = trajectory(store)
    for entry in [*store.entries()]:
        store.remove(entry.sha256)
    for show in (made._repr_png_, lambda: made.image, lambda: made.images):
        with pytest.raises(StoreError, match="is missing"):
            show()


def test_a_run_that_waits_has_no_picture_yet(store: Store) -> None:
    graph = build_graph(
        mllm=ScriptedChat(script=two_rounds()), generator=Painter(), store=store,
        pause="criteria", checkpointer=InMemorySaver(),
    )  # fmt: skip
    config: Any = {"configurable": {"thread_id": "t"}}
    made = Trajectory(graph.invoke({"prompt": "a cat"}, config), store)
    assert repr(made) == "<Trajectory 'a cat': waiting, 0 rounds>"
    assert made.images == []
    assert made._repr_png_()
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
    assert [image.size for image in shown] == [made.strip().size]


def test_in_a_notebook_they_are_shown_below_the_cell(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Any] = []
    display = ModuleType("IPython.display")
    display.display = shown.append  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    monkeypatch.setitem(sys.modules, "IPython", ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    trajectory(store).show()
    assert len(shown) == 1
