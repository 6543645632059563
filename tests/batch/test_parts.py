"""The parts of a batch: files of prompts, estimates, the brake, the tally, the summary, claims."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gems_graph.batch.brake import Brake
from gems_graph.batch.estimate import estimate
from gems_graph.batch.folders import tidy
from gems_graph.batch.plan import Done, Task, plan
from gems_graph.batch.prompt_file import read
from gems_graph.batch.summary import Summary
from gems_graph.batch.tally import Tally
from gems_graph.calls.ledger import no_usage
from gems_graph.errors import ModelError, OutsideWorldError, StoreError, UsageError
from gems_graph.events import NodeEnded
from gems_graph.settings import Settings, settle
from tests.conftest import ended, started


def prompts(data: bytes | str, name: str = "p.txt") -> list[tuple[str, str]]:
    Path(name).write_bytes(data if isinstance(data, bytes) else data.encode())
    return [(entry.id, entry.prompt) for entry in read(name)]


# ------------------------------------------------------------------ files


def test_text_has_one_prompt_a_line() -> None:
    text = "\ufeff# mine\r\na cat\r\n\r\n  a dog \n#none\na cat\u2028on a mat"
    assert prompts(text) == [("0002", "a cat"), ("0004", "a dog"), ("0006", "a cat\u2028on a mat")]


@pytest.mark.parametrize("name", ["p.jsonl", "P.NDJSON", "p.txt"])
def test_json_lines_are_told_by_name_or_by_the_first_line(name: str) -> None:
    text = '{"prompt": "# a cat"}\n\n{"id": "Katze/1", "prompt": "two\\nlines"}\n'
    assert prompts(text, name) == [("0001", "# a cat"), ("Katze/1", "two\nlines")]


def test_an_id_never_leaves_the_folder() -> None:
    prompts('{"id": "../../x", "prompt": "a"}\n{"id": "CON", "prompt": "a"}')
    places = [task.folder for task in plan(read("p.txt"), Settings(), None, Path("out"))]
    assert {place.parent for place in places} == {Path("out")}
    assert all(".." not in place.name and place.name != "CON" for place in places)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("a cat", "no JSON object"),
        ("[1]", "no JSON object"),
        ("[" * 9_000, "no JSON object"),
        ('{"prompt": "\\ud83d"}', "no JSON object"),
        ('{"text": "a cat"}', "say what to draw"),
        ('{"prompt": " "}', "say what to draw"),
        ('{"prompt": "a", "critera": ["b?"]}', "did you mean 'criteria'"),
        ('{"prompt": "a", "setting": {"seed": 1}}', "did you mean 'settings'"),
        ('{"promt": "a"}', "did you mean 'prompt'"),
        ('{"prompt": "a", "max_iterations": 3}', "put it into `settings`"),
        ('{"prompt": "a", "preset": "loop-only"}', "put it into `settings`"),
        ('{"prompt": "a", "criteria": "b?"}', "a list of yes/no questions"),
        ('{"prompt": "a", "criteria": [" "]}', "holds none"),
        ('{"prompt": "a", "id": ""}', "the id cannot be ''"),
        ('{"prompt": "a", "id": "summary.jsonl"}', "the id cannot be 'summary.jsonl'"),
        ('{"prompt": "a", "id": "X"}', "the id 'X' is that of p.jsonl, line 1"),
        ('{"prompt": "a", "id": "0001", "settings": [1]}', "`settings` is an object"),
        ('{"prompt": "a", "settings": {"colour": 1}}', "no setting 'colour'"),
        ('{"prompt": "a", "seed": -1}', "seed=-1 is not valid"),
        ('{"prompt": "a", "settings": {"pause": "both"}}', "nobody can answer"),
    ],
)
def test_a_bad_line_is_named(line: str, complaint: str) -> None:
    Path("p.jsonl").write_text('{"id": "x", "prompt": "a"}\n\n' + line)
    with pytest.raises(UsageError) as told:
        plan(read("p.jsonl"), Settings(), None, Path("out"))
    assert str(told.value).startswith("p.jsonl, line 3: ")
    assert complaint in str(told.value)


@pytest.mark.parametrize("data", [b"", b"\n \n# only this\n"])
def test_a_file_without_prompts_is_named(data: bytes) -> None:
    with pytest.raises(UsageError, match=r"p\.txt holds no prompts"):
        prompts(data)


def test_what_is_not_utf8_is_named_by_its_line() -> None:
    with pytest.raises(UsageError, match=r"p\.txt, line 2: this is not UTF-8"):
        prompts("a cat\nsüß".encode("latin-1"))


NO_SETTINGS = {"order": 3, "size": "large", "setting": 1}
BENCHMARKS = {
    "GenEval": {"tag": "counting", "include": [{"class": "bench", "count": 1}]},
    "GenEval2": {"atom_count": 3, "vqa_list": [["Is it green?", "Yes"]], "skills": ["count"]},
    "LongText": {"category": "sign", "length": "short", "text": ["OPEN"], "prompt_id": 7},
    "SpatialGenEval": {"scene": "Park", "questions": ["Where?"], "answers": ["A"]},
}


@pytest.mark.parametrize("data", [*BENCHMARKS.values(), NO_SETTINGS])
def test_fields_of_a_benchmark_are_kept_as_data(data: dict[str, Any]) -> None:
    prompts(json.dumps({"prompt": "a", **data}) + '\n{"prompt": "b"}')
    assert [entry.data for entry in read("p.txt")] == [data, {}]


# ------------------------------------------------------------------ the plan


def tasks(*lines: dict[str, Any], base: str = "out", **dials: Any) -> list[Task]:
    Path("p.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return plan(read("p.jsonl"), settle(dials), None, Path(base))


def test_a_thread_is_the_same_while_the_wish_and_its_picture_are() -> None:
    [one] = tasks({"prompt": "a"}, seed=1, mllm="compat:m", mllm_url="http://a")
    [same] = tasks(
        {"prompt": "a"}, seed=1, mllm="compat:m", mllm_url="http://b", retries=9, max_images=3
    )
    others = [
        *tasks({"prompt": "b"}, seed=1, mllm="compat:m"),
        *tasks({"prompt": "a"}, seed=2, mllm="compat:m"),
        *tasks({"prompt": "a"}, seed=1, mllm="compat:n"),
        *tasks({"prompt": "a", "criteria": ["A?"]}, seed=1, mllm="compat:m"),
        *tasks({"prompt": "a", "id": "x"}, seed=1, mllm="compat:m"),
        *tasks({"prompt": "a"}, base="out2", seed=1, mllm="compat:m"),
    ]
    assert same.thread == one.thread
    assert len({one.thread, *(other.thread for other in others)}) == 7


# ------------------------------------------------------------------ estimates

PRICED = {
    "mllm": "compat:m",
    "generator": "http:g",
    "prices": {"compat:m": {"input": 12, "output": 40}, "http": {"image": 0.05}},
}
CALL = (1500 * 12 + 300 * 40) / 1e6


@pytest.mark.parametrize(
    ("dials", "images", "calls"),
    [
        ({}, (1, 5), (8, 41)),
        ({"max_iterations": 1}, (1, 1), (8, 9)),
        ({"max_skills": 0, "memory": "none"}, (1, 5), (7, 35)),
        ({"verify": "batched"}, (1, 5), (3, 56)),
        ({"max_criteria": 3}, (1, 5), (5, 26)),
        ({"max_images": 2}, (1, 2), (8, 17)),
        ({"variations": 3, "max_iterations": 2}, (3, 6), (20, 41)),
        ({"variations": 3, "max_images": 4}, (3, 4), (20, 41)),
        ({"max_calls": 20}, (1, 5), (8, 20)),
    ],
)
def test_an_estimate_counts_as_the_loop_does(
    dials: dict[str, Any], images: tuple[int, int], calls: tuple[int, int]
) -> None:
    told = estimate(tasks({"prompt": "a"}, **PRICED, **dials), [], 4)
    assert (told.todo, told.done, told.at_once) == (1, 0, 1)
    assert told.need is not None
    assert (told.need.least.images, told.need.most.images) == images
    assert (told.need.least.calls, told.need.most.calls) == calls
    if "max_calls" not in dials:  # which says nothing of whose calls they are
        costs = [0.05 * images[k] + CALL * calls[k] for k in (0, 1)]
        assert [each.cost for each in told.need] == pytest.approx(costs)


def test_an_estimate_goes_by_what_was_done() -> None:
    ledger = {"verifier": {**no_usage(), "cost": 0.25}}
    done = [Done(Path("x"), {"criteria": [{}] * n, "ledger": ledger}) for n in (2, 5)]
    told = estimate(tasks({"prompt": "a"}, {"prompt": "b"}, **PRICED), done, 4)
    assert (told.todo, told.done, told.at_once) == (2, 2, 2)
    assert (told.criteria, told.counted, told.likely) == (4, True, 0.5)
    assert told.need is not None
    assert [each.calls for each in told.need] == [12, 62]


def test_criteria_of_ones_own_are_counted_and_not_assumed() -> None:
    told = estimate(tasks({"prompt": "a", "criteria": ["A?", "B?"]}, max_iterations=1), [], 1)
    assert told.criteria is None
    assert told.need is not None
    assert [each.calls for each in told.need] == [3, 4]  # and no Decomposer


def test_an_estimate_stays_under_a_shared_cap() -> None:
    caps, four = {"max_images": 6, "max_cost": 1.5}, [{"prompt": str(k)} for k in range(4)]
    shared: dict[str, Any] = {"budget": "b"}
    for dials, images, cost in ((shared, 6, 1.5), ({}, 20, 5.92)):
        told = estimate(tasks(*four, **PRICED, **caps, **dials), [], 4)
        assert told.need is not None
        assert [each.images for each in told.need] == [4, images]
        assert [each.cost for each in told.need] == pytest.approx([1.16, cost])


def test_an_estimate_names_what_has_no_price() -> None:
    settings = {"mllm": "gpt-5", "roles": {"judge": "x", "refiner": "r"}}
    told = estimate(tasks({"prompt": "a"}, **settings), [], 1)
    assert told.unpriced == ("r",)
    assert told.need is not None
    assert told.need.most.cost is None


def test_an_estimate_of_nothing_needs_nothing() -> None:
    assert estimate([], [Done(Path("x"), {})], 4).need is None


# ------------------------------------------------------------------ the brake


def http(status: int, words: str = "") -> ModelError:
    error = ModelError(f"The chat model 'm': HTTP {status}: {words}")
    error.__cause__ = (
        OSError() if not status else type("E", (Exception,), {"status_code": status})()
    )
    return error


def full(file: str) -> StoreError:
    error = StoreError(f"Cannot write to {file} (No space left on device).")
    error.__cause__ = OSError(28, "No space left on device")
    return error


@pytest.mark.parametrize(
    "errors",
    [
        [http(401)] * 5,
        [full(name) for name in "abcde"],
        [ModelError(f"took {k} s") for k in range(5)],
        [http(500), *[http(401)] * 5],
        [http(400)] * 5,
        [ValueError("a defect")] * 5,
    ],
)
def test_five_failures_of_one_cause_are_enough(errors: list[Exception]) -> None:
    brake = Brake()
    for error in errors[:-1]:
        brake.failed(error)
    assert not brake.reason
    brake.failed(errors[-1])
    assert brake.reason


@pytest.mark.parametrize(
    "errors",
    [
        [http(401), http(500)] * 5,
        [OutsideWorldError("does not know 'cat'")] * 9,
        [None, *[http(400, "refused")] * 9],
        [*[http(401)] * 4, None, *[http(401)] * 4],
    ],
)
def test_failures_of_their_own_are_not(errors: list[Exception | None]) -> None:
    brake = Brake()
    for error in errors:
        brake.failed(error) if error else brake.drew()
    assert not brake.reason


# ------------------------------------------------------------------ tally and summary


def test_a_tally_counts_what_ends_and_what_is_under_way() -> None:
    seconds = [0.0]
    tally = Tally(5, [ended("a")], clock=lambda: seconds[0])
    [task] = tasks({"prompt": "p", "id": "c"})
    tally.begin(task)
    before, used = ({"verifier": {**no_usage(), "cost": cost}} for cost in (0.25, 0.5))
    tally.take(task, started(used=before))
    tally.take(task, NodeEnded(type="node_ended", node="x", round=1, seconds=1.0, used=used))
    assert (tally.done, tally.under_way, tally.cost) == (1, 1, 1.25)
    assert (tally.per_minute, tally.remaining) == (None, None)
    seconds[0] = 30.0
    tally.end(ended("b"))
    tally.end(ended("c", status="failed"))
    assert (tally.done, tally.passed, tally.under_way, tally.cost) == (3, 2, 0, 1.5)
    assert (tally.per_minute, tally.remaining) == (4.0, timedelta(seconds=30))
    tally.end(ended("d", cost=None))
    assert tally.cost is None


def test_a_summary_is_whole_at_any_moment() -> None:
    file = Path("out/summary.jsonl")
    summary = Summary(file, ["a", "b", "c"], [ended("b")])
    summary.add(ended("c"))
    assert [json.loads(line)["id"] for line in file.read_text().splitlines()] == ["b", "c"]
    summary.add(ended("a"))
    summary.rewrite()
    assert [json.loads(line)["id"] for line in file.read_text().splitlines()] == ["a", "b", "c"]
    file.unlink()
    file.mkdir()  # as a test run by root can have it
    with pytest.raises(StoreError, match=r"Cannot write to out/summary\.jsonl"):
        summary.add(ended("a"))


def test_what_a_killed_process_left_half_done_is_put_right() -> None:
    """It dies while a folder takes the place of an older one: before, between, and after."""
    for name in (".part-0", "a", ".old-b", "c", ".old-c"):
        Path(name).mkdir()
        Path(name, "file").write_text(name)
    tidy(Path())
    left = {path.name: (path / "file").read_text() for path in Path().iterdir()}
    assert left == {"a": "a", "b": ".old-b", "c": "c"}
