"""Several pictures of each round's prompt: drawn at once, judged each, the best one the round's."""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from gems_graph import Store, build_graph, paths
from gems_graph.calls.budget import Place
from gems_graph.calls.journal import Journal
from gems_graph.errors import BudgetError, ContentRefusedError, GeneratorError, TransientError
from gems_graph.generators import Capabilities, GenerateRequest, GeneratorSpec, Picture
from gems_graph.memory import passes
from gems_graph.persistence.fork import fork
from gems_graph.persistence.gc import find_leftovers
from gems_graph.persistence.threads import open_threads
from gems_graph.report.outcome import columns_of
from gems_graph.runs.follow import Job, follow
from gems_graph.runtime.drawing import Drawing
from gems_graph.runtime.loop import BACKGROUND
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.settings import Settings
from gems_graph.testing import ChatServer, Fault, Hang, ImageServer, ScriptedChat, paint
from tests.any_run.said import runs
from tests.conftest import Gems, criteria, letters, wait_until
from tests.generators.strict import PictureServer

BLACK = b"black"


def by_picture(prompt: str) -> dict[str, Any]:
    """Judge by picture and question alone; the last criterion never holds."""
    digest = int(re.findall(r"\[picture (\w+)\]", prompt)[0], 16)
    letter = re.findall(r"Is there (\w)\?", prompt)[0]
    holds = letter != "D" and digest >> ord(letter) % 7 & 1
    return {"evidence": "seen", "answer": "yes" if holds else "no"}


def all_by_picture(prompt: str) -> dict[str, Any]:
    picture = re.findall(r"\[picture \w+\]", prompt)[0]
    asked = re.findall(r"Is there \w\?", prompt)
    answers = [by_picture(f"{picture} {question}") for question in asked]
    return {"verdicts": [{"n": n, **answer} for n, answer in enumerate(answers, start=1)]}


SCRIPT: dict[str, Any] = {
    "decompose": criteria(4), "verify": by_picture, "verify-all": all_by_picture,
}  # fmt: skip


class Batches:
    """A generator that draws several pictures in one call, and remembers its requests."""

    name = "batches"

    def __init__(self, data: Callable[[int], Any] | None = None, **can: Any) -> None:
        self.capabilities, self.data = Capabilities(**{"n": 8, **can}), data
        self.requests: list[GenerateRequest] = []

    async def generate(self, request: GenerateRequest) -> list[Picture]:
        self.requests.append(request)
        seeds = range(request.seed, request.seed + request.n)
        draw = self.data or (lambda seed: paint(request.prompt, seed, (64, 64)))
        return [Picture(data=draw(seed)) for seed in seeds]

    async def aclose(self) -> None:
        """Hold nothing."""


def seeds_of(round_: Any) -> list[int]:
    return [each["seed"] for each in round_["variations"]]


def pictures_journaled() -> int:
    rows = Journal(paths.journal()).artifacts().result()
    return sum("media_type" in row.artifact for row in rows)


def check_round(round_: Any) -> None:
    """The picture of a round is the first of those that most criteria hold for."""
    scores = [passes(each) for each in round_["variations"]]
    chosen = round_["variations"][scores.index(max(scores))]
    assert {name: round_[name] for name in chosen} == chosen


# ------------------------------------------------------------------ drawing and choosing


@pytest.mark.parametrize("verify", ["per-criterion", "batched"])
def test_the_best_of_a_batch_is_the_picture_of_its_round(verify: str, store: Store) -> None:
    with ChatServer(SCRIPT) as chat, PictureServer("openai") as images:
        spec = GeneratorSpec(name="openai:m", url=images.url, options={"dialect": "openai"})
        out = build_graph(
            mllm="compat:m", mllm_url=chat.url, generator=spec, store=store, variations=4,
            max_iterations=3, seed=5, verify=verify,
        ).invoke({"prompt": "a cat"})  # fmt: skip
        assert [request["n"] for request in images.requests] == [4, 4, 4]
    assert [seeds_of(r) for r in out["rounds"]] == [[5, 6, 7, 8], [9, 10, 11, 12], [*range(13, 17)]]
    for round_ in out["rounds"]:
        check_round(round_)
        assert all(store.has(each["image"]["sha256"]) for each in round_["variations"])
    assert len({letters(each) for each in out["rounds"][0]["variations"]}) > 1
    assert out["ledger"]["generator"]["images"] == 12
    assert out["result"]["passed"] == max(map(passes, out["rounds"]))
    json.dumps(out)  # plain


def test_a_generator_that_draws_one_is_asked_side_by_side(store: Store) -> None:
    with ChatServer(SCRIPT) as chat, ImageServer(delay=0.3) as images:
        out = build_graph(
            mllm="compat:m", mllm_url=chat.url, generator=f"http:{images.url}", store=store,
            variations=3, max_iterations=1, seed=5,
        ).invoke({"prompt": "a cat"})  # fmt: skip
        assert sorted(request["seed"] for request in images.requests) == ["5", "6", "7"]
        assert images.most_at_once == 3
    check_round(out["rounds"][0])


def test_one_that_passes_wins_over_one_that_is_likelier(store: Store) -> None:
    chat = ScriptedChat(script={"decompose": criteria(2)})
    out = build_graph(
        mllm=chat, generator=Batches(), store=store, variations=3, select_by="p_yes", seed=1
    ).invoke({"prompt": "a cat"})
    assert out["result"]["success"]
    assert out["rounds"][0]["seed"] == 1  # of equals the first


def test_equal_pictures_are_judged_once(store: Store) -> None:
    chat, same = ScriptedChat(script={"decompose": criteria(2)}), paint("p", 1, (64, 64))
    out = build_graph(
        mllm=chat, generator=Batches(lambda seed: same), store=store, variations=3, seed=1
    ).invoke({"prompt": "a cat"})
    assert len(chat.asked("verify")) == 2
    assert [len(each["verdicts"]) for each in out["rounds"][0]["variations"]] == [2, 2, 2]


def test_one_picture_leaves_everything_as_it_was(store: Store) -> None:
    drawing = Drawing("p", 3, GeneratorSpec(name="mini"), Settings(), store)
    assert drawing.request == ["p", "3", "None"]
    assert drawing.parts(8)[0].request == ["p", "3", "None"]
    out = build_graph(mllm=ScriptedChat(), generator=Batches(), store=store).invoke({"prompt": "p"})
    assert "variations" not in out["rounds"][0]


# ------------------------------------------------------------------ failures and caps


def test_a_failing_draw_costs_no_other(store: Store) -> None:
    faults = [None, Fault(400, "no such thing"), None]
    with ChatServer(SCRIPT) as chat, ImageServer(faults) as images:
        out = build_graph(
            mllm="compat:m", mllm_url=chat.url, generator=f"http:{images.url}", store=store,
            variations=3, max_iterations=1, seed=5, retry_wait=0,
        ).invoke({"prompt": "a cat"})  # fmt: skip
    [round_] = out["rounds"]
    assert len(round_["variations"]) == 2
    [note] = out["notes"]
    assert re.match(r"The picture with seed [567] was lost: .*no such thing", note)
    assert out["ledger"]["generator"]["images"] == 2


def test_a_bad_picture_of_a_batch_costs_no_other(store: Store) -> None:
    black = paint("", 0, (64, 64))

    def draw(seed: int) -> bytes:
        return {6: black, 7: b"<html>"}.get(seed) or paint("p", seed, (64, 64))

    generator = Batches(draw)
    out = build_graph(
        mllm=ScriptedChat(script={"decompose": criteria(1)}), generator=generator, store=store,
        variations=4, seed=5,
    ).invoke({"prompt": "a cat"})  # fmt: skip
    assert seeds_of(out["rounds"][0]) == [5, 8]
    assert len(generator.requests) == 1
    assert ["all black" in note for note in out["notes"]] == [True, False]


def test_where_all_fail_the_first_failure_is_raised(store: Store) -> None:
    class Refuses(Batches):
        async def generate(self, request: GenerateRequest) -> list[Picture]:
            raise ContentRefusedError(f"not {request.seed}")

    for n in (1, 8):
        graph = build_graph(
            mllm=ScriptedChat(), generator=Refuses(n=n), store=store, variations=3, seed=5
        )
        with pytest.raises(GeneratorError, match="not 5"):
            graph.invoke({"prompt": "a cat"})


@pytest.mark.parametrize("cap", [{"max_images": 4}, {"max_cost": 4.5}])
def test_a_cap_lets_as_many_be_drawn_as_fit(cap: dict[str, Any], store: Store) -> None:
    generator = Batches()
    prices = {"batches": {"image": 1.0}, "scripted": {"input": 0, "output": 0}}
    chat = ScriptedChat(
        script={"decompose": criteria(1), "verify": {"evidence": "", "answer": "no"}}
    )
    out = build_graph(
        mllm=chat, generator=generator, store=store, variations=3, seed=5,
        prices={**prices, "ScriptedChat": prices["scripted"]}, **cap,
    ).invoke({"prompt": "a cat"})  # fmt: skip
    assert [request.n for request in generator.requests] == [1] * 4
    assert [len(r["variations"]) for r in out["rounds"]] == [3, 1]
    assert out["result"]["stop"]["reason"] == "budget"
    assert sum("The cap on" in note for note in out["notes"]) == 2
    assert out["ledger"]["generator"]["images"] == 4


def test_a_cap_below_the_first_picture_is_raised(store: Store) -> None:
    graph = build_graph(
        mllm=ScriptedChat(), generator=Batches(), store=store, variations=3, max_cost=0.5,
        prices={"batches": {"image": 1.0}, "ScriptedChat": {"input": 0, "output": 0}},
    )  # fmt: skip
    with pytest.raises(BudgetError):
        graph.invoke({"prompt": "a cat"})


@runs(60)
@given(
    fates=st.lists(st.sampled_from(["ok", "black", "refused", "passing"]), min_size=1, max_size=6),
    cap=st.one_of(st.none(), st.integers(1, 8)),
)
def test_whatever_becomes_of_each_draw_the_others_are_kept_and_paid_once(
    store: Store, fates: list[str], cap: int | None
) -> None:
    tried: list[int] = []

    def draw(seed: int) -> bytes:
        tried.append(seed)
        if fates[seed] == "refused":
            raise ContentRefusedError(f"not {seed}")
        if fates[seed] == "passing" and tried.count(seed) == 1:
            raise TransientError("later")
        return paint("" if fates[seed] == "black" else "p", 0 if fates[seed] == "black" else seed,
                     (8, 8))  # fmt: skip

    settings = Settings(retry_wait=0, max_images=cap)
    place = Place(uuid.uuid4().hex, 1, persisted=True)

    async def drawn() -> tuple[set[int], int]:
        tools = Toolbox(settings, store, place=place, generator=Batches(draw, n=1))
        try:
            variations = await tools.draw("p", 0, len(fates))
        except (GeneratorError, BudgetError):
            return set(), 0
        return {each["seed"] for each in variations}, tools.ledger["generator"]["images"]

    good = {k for k, fate in enumerate(fates) if fate in ("ok", "passing")}
    kept, counted = BACKGROUND.run(drawn)
    assert kept <= good
    assert counted == len(kept)
    if cap is None:
        assert kept == good
    else:  # what was refused is not paid; what passed may have been
        assert len(tried) - sum(fates[seed] == "refused" for seed in tried) <= cap
    first = len(tried)
    again, _ = BACKGROUND.run(drawn)
    assert again >= kept
    assert not kept & {*tried[first:]}


# ------------------------------------------------------------------ resume, fork, gc, report


def test_a_run_killed_while_it_draws_pays_for_no_picture_twice(store: Store) -> None:
    saver, config = InMemorySaver(), {"configurable": {"thread_id": "t"}}

    def graph(chat: Any, images: Any) -> Any:
        return build_graph(
            mllm="compat:m", mllm_url=chat.url, generator="http", generator_url=images.url,
            store=store, variations=4, max_iterations=2, seed=5, checkpointer=saver,
        )  # fmt: skip

    async def killed(images: ImageServer, run: Any) -> None:
        task = asyncio.create_task(run)
        await asyncio.to_thread(
            wait_until, lambda: len(images.requests) == 8 and pictures_journaled() == 5
        )
        task.cancel()
        await asyncio.wait([task])

    with ChatServer(SCRIPT) as chat, ImageServer([None] * 5 + [Hang()] * 3) as images:
        run = graph(chat, images)
        asyncio.run(killed(images, run.ainvoke({"prompt": "a cat"}, config)))
        images.script = ()
        drawn = [request["seed"] for request in images.requests]
        out = run.invoke(None, config)
        again = [request["seed"] for request in images.requests[len(drawn) :]]
    assert len(again) == 3  # those that hung
    assert {*drawn, *again} == {*map(str, range(5, 13))}
    assert [len(r["variations"]) for r in out["rounds"]] == [4, 4]
    assert out["ledger"]["generator"]["images"] == 8


def test_a_batch_is_found_again_whole(store: Store) -> None:
    generator, saver = Batches(), InMemorySaver()
    failing = {"decompose": criteria(1), "verify": [RuntimeError("off")]}
    config: Any = {"configurable": {"thread_id": "t"}}

    def graph(script: Any) -> Any:
        return build_graph(
            mllm=ScriptedChat(script=script), generator=generator, store=store, variations=3,
            seed=5, checkpointer=saver, raise_on_error=True, retries=0,
        )  # fmt: skip

    with pytest.raises(Exception, match="off"):
        graph(failing).invoke({"prompt": "a cat"}, config)
    history = list(graph({}).get_state_history(config))
    before = next(s.config for s in history if s.next == ("generator",))
    out = graph({}).invoke(None, before)
    assert len(generator.requests) == 1
    assert seeds_of(out["rounds"][0]) == [5, 6, 7]


def test_a_person_rules_on_the_best_and_the_others_stay(store: Store) -> None:
    config: Any = {"configurable": {"thread_id": "t"}}
    with ChatServer(SCRIPT) as chat:
        graph = build_graph(
            mllm="compat:m", mllm_url=chat.url, generator=Batches(), store=store, variations=3,
            seed=5, pause="verdicts", checkpointer=InMemorySaver(), max_iterations=1,
        )  # fmt: skip
        [asked] = graph.invoke({"prompt": "a cat"}, config)["__interrupt__"]
        before = graph.get_state(config).values["rounds"][0]
        assert asked.value["image"] == before["image"]
        out = graph.invoke(Command(resume={"verdicts": {"4": "yes"}}), config)
    [after] = out["rounds"]
    assert after["verdicts"][3]["answer"] == "yes"
    assert after["variations"] == before["variations"]
    assert out["result"]["image"] == before["image"]


@pytest.fixture
def kept(gems: Gems) -> Any:
    """A trajectory of two rounds of three pictures each, kept."""
    with ChatServer(SCRIPT) as chat, ImageServer() as images:
        models = ["--mllm", "compat:m", "--mllm-url", chat.url, "--generator", images.url]
        how = ["--variations", "3", "--max-iterations", "2", "--seed", "5", "--thread", "t"]
        gems("run", "a cat", *models, *how, "--out", "out", "--json")
        yield gems


def test_reports_show_the_best_and_say_of_how_many(kept: Gems) -> None:
    record = json.loads(Path("out/trajectory.json").read_text())
    assert [len(r["variations"]) for r in record["rounds"]] == [3, 3]
    assert len([*Path("out").glob("round-*")]) == 2
    shown = kept("show", "t").out
    assert shown.count("the best of 3 pictures") == 2
    assert [column.of for column in columns_of(record)] == [3, 3]


def test_gc_leaves_every_variation(kept: Gems) -> None:
    async def unneeded() -> list[Any]:
        async with open_threads() as threads:
            return (await find_leftovers(threads, grace=-1)).files

    assert not asyncio.run(unneeded())


def test_a_fork_judges_all_variations_by_new_criteria(kept: Gems) -> None:
    async def forked() -> Any:
        async with open_threads() as threads:
            questions = ["Is there B?", "Is there D?", "Is there C?"]
            name = await fork(threads, "t", round=2, criteria=questions)
            job = Job(name, settings=Settings(max_iterations=2))
            return (await follow(threads, job)).state

    first, second = asyncio.run(forked())["rounds"]
    assert [len(each["verdicts"]) for each in first["variations"]] == [3, 3, 3]
    check_round(second)
    assert {each["verdicts"][1]["answer"] for each in second["variations"]} == {"no"}
