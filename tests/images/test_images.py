"""The store: content-addressed, whole or not at all, honest about damage; state stays small."""

from __future__ import annotations

import base64
import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langchain_core.messages import AIMessage
from langgraph.checkpoint.sqlite import SqliteSaver
from PIL import Image

from gems_graph import Store, build_graph
from gems_graph.errors import GeneratorError, StoreError
from gems_graph.testing import ChatServer, ImageServer, Painter, paint
from tests.conftest import criteria, verdicts
from tools import bench_bytes
from tools.photographs import photograph


def files(store: Store) -> list[str]:
    """Names of all files in a local store, temporary ones too."""
    return [f.name for f in Path(store.location).rglob("*") if f.is_file()]


def test_the_same_bytes_are_kept_once_and_come_back(store: Store) -> None:
    data = paint("p", 1, (8, 6))
    ref = store.put_image(data)
    assert store.put_image(data) == ref
    assert (ref["width"], ref["height"], ref["media_type"]) == (8, 6, "image/png")
    assert store.read(ref["sha256"]) == data
    assert files(store) == [ref["sha256"]]


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_three_formats_are_kept_as_sent(store: Store, form: str) -> None:
    out = io.BytesIO()
    Image.new("RGB", (5, 5)).save(out, form)
    assert store.put_image(out.getvalue())["media_type"] == f"image/{form.lower()}"


def test_what_is_no_whole_picture_is_refused(store: Store) -> None:
    gif = io.BytesIO()
    Image.new("RGB", (5, 5)).save(gif, "GIF")
    cut = photograph(1, 64)[:-300]
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
    for data in (b"", b"ERROR", cut, svg, gif.getvalue()):
        with pytest.raises(GeneratorError):
            store.put_image(data)
    assert files(store) == []


def test_a_view_fits_and_is_the_same_bytes_each_time(store: Store) -> None:
    ref = store.put_image(photograph(2, 512))
    data, media_type = store.view(ref, 100)
    assert media_type == "image/jpeg"
    assert max(Image.open(io.BytesIO(base64.b64decode(data))).size) == 100
    assert store.view(ref, 100)[0] is data


def test_views_asked_for_at_once_are_encoded_once_and_equal(store: Store) -> None:
    refs = [store.put_image(photograph(n, 128)) for n in range(6)]  # more than are kept decoded
    with ThreadPoolExecutor(8) as pool:
        asked = [(n, side) for _ in range(8) for n in range(6) for side in (40, 60)]
        views = list(pool.map(lambda a: store.view(refs[a[0]], a[1])[0], asked))
    assert len({id(view) for view in views}) == 12
    for (n, side), view in zip(asked, views, strict=True):
        assert view == Store(store.location).view(refs[n], side)[0]


def test_a_view_that_failed_is_tried_again(store: Store) -> None:
    ref = store.put_image(photograph(5, 128))
    later = Store(store.location)
    kept = later.read(ref["sha256"])
    store.remove(ref["sha256"])
    with pytest.raises(StoreError, match=ref["sha256"]):
        later.view(ref, 40)
    store.put_image(kept)
    assert later.view(ref, 40)[1] == "image/jpeg"


def test_a_text_asked_for_as_a_picture_is_told(store: Store) -> None:
    key = store.put_thought("x" * 600)["sha256"]
    assert key
    with pytest.raises(StoreError, match=f"{key} is no picture"):
        store.open({"sha256": key, "media_type": "image/png", "width": 1, "height": 1})


def test_short_thoughts_stay_and_long_ones_go_to_the_store(store: Store) -> None:
    assert store.put_thought("short") == {"text": "short", "sha256": None}
    long = "思考 " * 20_000
    kept = store.put_thought(long)
    assert len(kept["text"]) == 500
    assert store.thought(kept) == long


def test_state_is_small_json_and_checkpoints_stay_under_500_kb(loop: Any, tmp_path: Path) -> None:
    reasoning = [AIMessage('{"rationale": "r", "prompt": "better"}',
                           additional_kwargs={"reasoning_content": f"{n} " + "x" * 60_000})
                 for n in range(5)]  # fmt: skip
    script = {"decompose": criteria(8), "verify": verdicts("ynynynyn"), "refine": reasoning}
    painter = Painter([photograph(n) for n in range(5)])
    assert sum(map(len, painter.script)) > 5_000_000  # type: ignore[arg-type]
    file = tmp_path / "checkpoints.sqlite"
    with SqliteSaver.from_conn_string(str(file)) as saver:
        made = loop(script, generator=painter, checkpointer=saver)
        config = {"configurable": {"thread_id": "t"}}
        made.graph.invoke({"prompt": "a cat"}, config, durability="sync")
        values = made.graph.get_state(config).values
        assert len(values["rounds"]) == 5
        assert json.loads(json.dumps(values)) == values
        rows = saver.conn.execute("select checkpoint, metadata from checkpoints").fetchall()
        rows += saver.conn.execute("select value, channel from writes").fetchall()
        size = sum(len(cell) for row in rows for cell in row)
    assert size < 500_000
    whole = [made.store.thought(r["thought"]) for r in values["rounds"][1:]]
    assert [len(text) for text in whole] == [60_002] * 4


def test_a_trajectory_of_photographs_sends_under_8_mb(store: Store) -> None:
    """Where every criterion is a detail, each on 1,024 px; with fewer, less is sent."""
    pictures = [photograph(n) for n in range(5)]
    script = {"decompose": {"criteria": bench_bytes.CHECKLISTS["details"]}, "verify": "no"}
    with ChatServer(script) as chat, ImageServer(pictures) as images:
        out = build_graph(
            mllm="compat:m", mllm_url=chat.url, generator=f"http:{images.url}", store=store
        ).invoke({"prompt": "p"})
        sent = sum(r["bytes"] for r in chat.requests)
    assert len(out["rounds"]) == 5
    assert sum(r["kind"] == "verify" for r in chat.requests) == 40
    assert 6_000_000 < sent < 8_000_000  # photographs, not blanks
    told = sum(usage["bytes"] for usage in out["ledger"].values())
    assert told == pytest.approx(sent, rel=0.05)
    pictures_sent = sum(usage["image_bytes"] for usage in out["ledger"].values())
    assert 0.9 * told < pictures_sent < told


def test_one_round_sends_less_together_and_each_detail_large() -> None:
    mixed = bench_bytes.MIXED
    one_size = bench_bytes.measure(mixed, rounds=1, detail_max_side=None, scene_max_side=None)
    alone = bench_bytes.measure(mixed, rounds=1)
    together = bench_bytes.measure(mixed, rounds=1, verify="batched")
    assert (alone["calls"], together["calls"]) == (8, 3)  # the one scene is asked alone
    assert together["pictures"] < one_size["pictures"] < alone["pictures"]


def test_pure_noise_is_shown_as_well(store: Store) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (300, 300, 3), np.uint8)
    data = io.BytesIO()
    Image.fromarray(noise).save(data, "PNG")
    assert store.view(store.put_image(data.getvalue()), 300)[1] == "image/jpeg"


def test_a_png_that_is_wanted_whole_is_sent_as_it_was_drawn(store: Store) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (300, 300, 3), np.uint8)
    data = io.BytesIO()
    Image.fromarray(noise).save(data, "PNG", compress_level=1)
    ref = store.put_image(data.getvalue())
    assert base64.b64decode(store.view(ref, 4096, "png")[0]) == data.getvalue()
    assert Image.open(io.BytesIO(base64.b64decode(store.view(ref, 100, "png")[0]))).size == (
        100, 100,
    )  # fmt: skip


@pytest.mark.parametrize("form", ["jpeg", "png", "webp"])
def test_a_view_comes_in_the_format_asked_for(store: Store, form: str) -> None:
    ref = store.put_image(photograph(4, 256))
    data, media_type = store.view(ref, 100, form)
    assert media_type == f"image/{form}"
    assert Image.open(io.BytesIO(base64.b64decode(data))).format == form.upper()
