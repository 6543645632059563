"""People in the loop: what is asked, what may be answered, and what comes of it."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command
from typing_extensions import TypedDict

from gems_graph import Store, build_graph, run
from gems_graph.errors import ConfigError, ModelError
from gems_graph.report.outcome import outcome
from gems_graph.skills import Skill
from gems_graph.testing import Painter, ScriptedChat
from tests.conftest import Loop, criteria, prompts_of, two_rounds, verdicts
from tests.untimed import untimed

CONFIG: RunnableConfig = {"configurable": {"thread_id": "t"}}
Make = Callable[..., "Paused"]


class Paused:
    """A loop that stops for people, and what it asks."""

    def __init__(self, loop: Loop) -> None:
        self.loop, self.graph, self.chat, self.painter = loop, loop.graph, loop.chat, loop.painter
        self.out: Any = {}

    def start(self, prompt: str = "a cat", **given: Any) -> dict[str, Any]:
        return self._take({"prompt": prompt, **given})

    def answer(self, answer: Any, **options: Any) -> dict[str, Any]:
        """Answer, and return the next question; nothing where the run has ended."""
        return self._take(Command(resume=answer), **options)

    def _take(self, given: Any, **options: Any) -> dict[str, Any]:
        self.out = self.graph.invoke(given, CONFIG, **options)
        return self.asked()

    def asked(self) -> dict[str, Any]:
        asked = self.graph.get_state(CONFIG).interrupts
        return asked[0].value if asked else {}

    @property
    def reason(self) -> str:
        return str(self.out["result"]["stop"]["reason"])


@pytest.fixture
def paused(loop: Callable[..., Loop]) -> Make:
    def make(*rounds: str, pause: str = "verdicts", **more: Any) -> Paused:
        of_skills = 1 if "skills" in more else 0
        plan = {"decompose": criteria(len(rounds[0]) - of_skills), "verify": verdicts(*rounds)}
        plan |= more.pop("script", {})
        return Paused(loop(plan, pause=pause, checkpointer=InMemorySaver(), **more))

    return make


# ------------------------------------------------------------------ the criteria


STRICT = Skill("signs", "Signs.", "Draw signs.", criteria=["Is there C?"])
WITH_SKILL: dict[str, Any] = {
    "script": {"select-skills": {"skills": ["signs"]}, "apply-skills": {"prompt": "a fine cat"}},
    "skills": [STRICT],
}


def test_the_criteria_are_asked_about_before_a_picture_is_paid(paused: Make) -> None:
    made = paused("yyy", pause="criteria", **WITH_SKILL)
    asked = made.start("a cat")
    assert asked.pop("answers").keys() == {"criteria", "prompt"}
    assert asked == {
        "kind": "criteria",
        "request": "a cat",
        "prompt": "a fine cat",
        "skills": ["signs"],
        "criteria": [
            {"question": "Is there A?", "source": "decomposer"},
            {"question": "Is there B?", "source": "decomposer"},
            {"question": "Is there C?", "source": "skill:signs"},
        ],
    }
    assert made.painter.calls == []


def test_going_on_changes_nothing(paused: Make) -> None:
    made = paused("yny", "yyy", pause="both", **WITH_SKILL)
    made.start()
    while made.answer(True):
        pass
    plain = paused("yny", "yyy", pause="never", **WITH_SKILL)
    plain.start()
    for key in ("criteria", "rounds", "experiences", "result", "attempt"):
        assert untimed(made.out[key]) == untimed(plain.out[key])
    assert len(made.painter.calls) == len(plain.painter.calls) == 2


def test_a_criterion_that_stays_keeps_its_kind(paused: Make) -> None:
    async def decomposer(state: Any, toolbox: Any) -> dict[str, Any]:
        given = {"question": "Is there A?", "source": "decomposer", "kind": "detail"}
        return {"criteria": [given]}

    made = paused("yy", pause="criteria", modules={"decomposer": decomposer})
    made.start()
    made.answer({"criteria": ["Is there B?", "Is there A?"]})
    assert [criterion.get("kind") for criterion in made.out["criteria"]] == [None, "detail"]


def test_an_edited_list_replaces_the_criteria_and_what_is_new_is_the_users(paused: Make) -> None:
    made = paused("yyyyyyyy", pause="criteria", script={"decompose": criteria(4)})
    made.start()
    wanted = [" Is there H? ", "Is there D?", "Is there B?", "Is there D?", "", "?"]
    assert made.answer({"criteria": wanted}) == {}
    assert made.out["criteria"] == [
        {"question": "Is there H?", "source": "user"},
        {"question": "Is there D?", "source": "decomposer"},
        {"question": "Is there B?", "source": "decomposer"},
    ]
    assert (made.out["result"]["passed"], made.out["result"]["total"]) == (3, 3)
    assert len(made.chat.asked("verify")) == 3


def test_a_criterion_of_a_skill_can_be_kept_or_left_out(paused: Make) -> None:
    for wanted, sources in (("Is there C?", ["skill:signs"]), ("Is there A?", ["decomposer"])):
        made = paused("yyy", pause="criteria", **WITH_SKILL)
        made.start()
        made.answer({"criteria": [wanted]})
        assert [criterion["source"] for criterion in made.out["criteria"]] == sources


def test_a_first_prompt_is_drawn_as_a_person_wrote_it(paused: Make) -> None:
    made = paused("y", pause="criteria")
    made.start('a sign that says "OPEN"')
    made.answer({"prompt": " a door, no letters "})
    assert made.painter.calls[0][0] == "a door, no letters"
    [round_] = made.out["rounds"]
    assert (round_["origin"], round_["thought"]["text"]) == ("user", "")


# ------------------------------------------------------------------ the verdicts


def test_a_verdict_is_shown_with_its_evidence_and_the_picture(paused: Make, store: Store) -> None:
    made = paused("yn", "yy", max_iterations=3)
    asked = made.start("a cat")
    assert asked.pop("answers").keys() == {"verdicts", "prompt", "accept"}
    assert store.open(asked.pop("image")).size == (64, 64)
    assert [v["n"] for v in asked["verdicts"]] == [1, 2]
    assert asked.pop("verdicts")[1] == {
        "n": 2, "question": "Is there B?", "source": "decomposer",
        "answer": "no", "p_yes": None, "evidence": "B seen",
    }  # fmt: skip
    assert asked == {
        "kind": "verdict", "request": "a cat", "prompt": "a cat", "round": 1,
        "max_iterations": 3, "passed": 1, "total": 2, "best": 1,
    }  # fmt: skip


def test_questions_are_plain_json_and_come_with_the_schema_of_the_answers(paused: Make) -> None:
    made = paused("yn", pause="both")
    for keys in ({"criteria", "prompt"}, {"verdicts", "prompt", "accept"}):
        made.answer(True) if made.out else made.start()
        [interrupt] = made.graph.get_state(CONFIG).interrupts
        assert json.loads(json.dumps(interrupt.value)) == interrupt.value
        schema: Any = interrupt.response_schema
        assert schema["properties"].keys() == interrupt.value["answers"].keys() == keys


def test_an_overruled_verdict_counts_and_keeps_what_the_verifier_said(paused: Make) -> None:
    made = paused("yn")
    made.start()
    assert made.answer({"verdicts": {"2": "Yes", "1": "yes"}}) == {}
    assert (made.reason, made.out["result"]["success"]) == ("passed", True)
    kept, overruled = made.out["rounds"][0]["verdicts"]
    assert kept["evidence"] == "A seen"  # agreed with, not overruled
    assert overruled == {
        "answer": "yes", "p_yes": None,
        "evidence": "overruled by a person; the Verifier said no: B seen",
    }  # fmt: skip
    assert not made.chat.asked("refine")


def test_a_reason_reaches_the_refiner(paused: Make) -> None:
    made = paused("yy", "yy")
    made.start()
    assert made.answer({"verdicts": {"1": "no: the hat is blue"}})["round"] == 2
    assert (
        "by a person: the hat is blue; the Verifier said yes" in prompts_of(made.chat, "refine")[0]
    )


def test_an_accepted_picture_is_the_result_whatever_its_score(paused: Make) -> None:
    made = paused("yyn", "ynn", "yyy")
    made.start()
    made.answer(True)
    assert made.answer({"accept": True}) == {}
    result = made.out["result"]
    assert (made.reason, result["success"], result["verified"]) == ("accepted", False, True)
    assert result["image"] == made.out["rounds"][1]["image"]
    assert result["why"] == "a person accepted round 2, which passes 1 of 3"
    assert outcome(made.out) == "Round 2 is accepted as it is: 1 of 3 criteria."
    assert len(made.painter.calls) == 2


def test_a_picture_is_accepted_with_verdicts_overruled(paused: Make) -> None:
    made = paused("yn")
    made.start()
    made.answer({"accept": True, "verdicts": {2: "yes"}})
    assert (made.reason, made.out["result"]["success"]) == ("accepted", True)


@pytest.mark.parametrize(
    ("dials", "compressed"),
    [({}, 1), ({"preset": "reference"}, 1), ({"preset": "memory-images"}, 0)],
    ids=["paper", "reference", "without experience"],
)
def test_a_persons_prompt_is_drawn_instead_of_the_refiners(
    paused: Make, dials: dict[str, Any], compressed: int
) -> None:
    made = paused("n", "n", "y", **dials)
    made.start('a sign that says "OPEN"')
    made.answer({"prompt": "a door"})
    assert made.painter.calls[1][0] == "a door"
    assert not made.chat.asked("refine")
    assert len(made.chat.asked("compress")) == compressed
    assert made.answer(True)["round"] == 3  # and from here the Refiner again
    assert made.answer(True) == {}
    assert [r["origin"] for r in made.out["rounds"]] == ["planner", "user", "refiner"]
    assert len(made.out["experiences"]) == 2 * compressed


def test_another_prompt_after_a_pass_is_drawn_and_its_picture_returned(paused: Make) -> None:
    made = paused("yy", "yy")
    made.start()
    assert made.answer({"prompt": "a cat, nicer"})["round"] == 2
    made.answer(True)
    assert (made.reason, made.out["result"]["round"]) == ("passed", 2)


def test_if_what_came_after_a_pass_is_worse_the_pass_is_returned(paused: Make) -> None:
    made = paused("yy", "yn", max_iterations=2)
    made.start()
    made.answer({"prompt": "a cat, nicer"})
    made.answer(True)
    assert made.out["result"]["round"] == 1
    assert made.out["result"]["success"]


def test_once_the_rounds_are_spent_no_prompt_is_asked_for(paused: Make) -> None:
    made = paused("yn", max_iterations=1)
    assert made.start()["answers"].keys() == {"verdicts", "accept"}
    assert "rounds are spent (1 of 1)" in made.answer({"prompt": "a door"})["problem"]
    assert made.answer({"verdicts": {"1": "unsure"}}) == {}
    assert (made.reason, made.out["result"]["passed"]) == ("max_iterations", 0)


def test_more_rounds_given_with_the_answer_allow_a_prompt_again(paused: Make) -> None:
    made = paused("yn", "yy", max_iterations=1)
    made.start()
    asked = made.answer({"prompt": "a door"}, context={"max_iterations": 2})
    assert (asked["round"], made.painter.calls[1][0]) == (2, "a door")


def test_nobody_is_asked_about_an_outage(paused: Make) -> None:
    made = paused("yn", script={"verify": ModelError("down")})
    assert made.start() == {}
    assert made.reason == "error"


def test_a_person_gives_the_loop_patience_again(paused: Make) -> None:
    made = paused("yn", "nn", "nn", "nn", stagnation=2)
    made.start()
    made.answer(True)
    made.answer({"prompt": "a door"})
    made.answer(True)  # nothing better for two rounds, but one of them was the person's first
    assert [r["origin"] for r in made.out["rounds"]] == ["planner", "refiner", "user", "refiner"]


def test_an_overruled_verdict_has_no_probability(paused: Make) -> None:
    told = {"content": [{"token": "no", "logprob": -0.1}]}
    answer = AIMessage('{"answer": "no"}', response_metadata={"logprobs": told})
    made = paused("y", script={"verify": answer})
    before = made.start()["verdicts"][0]["p_yes"]
    made.answer({"verdicts": {"1": "yes"}})
    assert 0 < before < 0.2
    assert made.out["rounds"][0]["verdicts"][0]["p_yes"] is None


# ------------------------------------------------------------------ answers that do not fit


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"criteria": []}, "holds no criteria"),
        ({"criteria": [" ", "?"]}, "holds no criteria"),
        ({"criteria": "Is it A?"}, "criteria is not valid: Input should be a valid list"),
        ({"criteria": [1]}, r"criteria\.0 is not valid"),
        ({"prompt": " "}, "prompt is empty"),
        ({"verdicts": {"1": "yes"}}, "'verdicts' is no answer to this: it takes criteria, prompt"),
        (False, "False is no answer"),
        ("go on", "'go on' is no answer"),
    ],
)
def test_a_bad_answer_about_criteria_is_one_sentence(paused: Make, answer: Any, said: str) -> None:
    _refused(paused("yn", pause="criteria"), answer, said)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"verdicts": {"3": "yes"}}, "There is no criterion 3; they are numbered 1 to 2"),
        ({"verdicts": {"0": "yes"}}, "no criterion 0"),
        ({"verdicts": {"two": "yes"}}, r"verdicts\.two is not valid"),
        ({"verdicts": {"1": "maybe"}}, "criterion 1 cannot be 'maybe': say yes, no or unsure"),
        ({"verdicts": {"1": True}}, r"verdicts\.1 is not valid"),
        ({"verdicts": ["yes"]}, "verdicts is not valid"),
        ({"accept": True, "prompt": "p"}, "leave one of them out"),
        ({"accept": "perhaps"}, "accept is not valid"),
        ({"acept": True}, "'acept' is no answer to this: it takes verdicts, accept, prompt"),
    ],
)
def test_a_bad_answer_about_a_verdict_is_one_sentence(paused: Make, answer: Any, said: str) -> None:
    _refused(paused("yn", "yy"), answer, said)


def _refused(made: Paused, answer: Any, said: str) -> None:
    asked, before = made.start(), len(made.painter.calls)
    again = made.answer(answer)
    problem = again.pop("problem")
    assert re.search(said, problem)
    assert "\n" not in problem
    assert again == asked
    assert len(made.painter.calls) == before
    [interrupt] = made.graph.get_state(CONFIG).interrupts
    assert made.answer({interrupt.id: answer})["problem"] == problem  # by its id, too
    assert made.graph.get_state(CONFIG).interrupts[0].response_schema == interrupt.response_schema
    after = made.answer(True)
    assert after != asked
    assert "problem" not in after
    assert made.out["rounds"][0]["verdicts"]


def test_a_bad_answer_is_asked_for_again_also_where_nobody_is_to_be_asked(paused: Make) -> None:
    made = paused("yn")
    made.start()
    assert made.answer({"acept": True}, context={"pause": "never"})["problem"]
    assert made.answer({"accept": True}, context={"pause": "never"}) == {}
    assert made.reason == "accepted"


def test_an_empty_answer_names_no_question_to_langgraph_so_it_asks_again(paused: Make) -> None:
    made = paused("yn")
    asked = made.start()
    assert made.answer({}) == asked
    [interrupt] = made.graph.get_state(CONFIG).interrupts
    assert made.answer({interrupt.id: {}})["round"] == 2  # by the question's id it is an answer


# ------------------------------------------------------------------ waiting


def test_without_a_checkpointer_it_is_refused_before_anything_is_paid(loop: Any) -> None:
    made = loop({}, pause="criteria")
    for given in ({}, CONFIG):
        with pytest.raises(ConfigError, match="checkpointer"):
            made.graph.invoke({"prompt": "p"}, given)
    assert made.chat._asked == []
    with pytest.raises(ConfigError, match=r"build_graph\(pause=\.\.\., checkpointer=\.\.\.\)"):
        run("a red fish", pause="both")


def test_nothing_is_asked_or_drawn_again_when_the_answer_comes(paused: Make) -> None:
    made = paused("yn", "yy", pause="both")
    made.start()
    asked = len(made.chat._asked)
    made.graph.invoke(None, CONFIG)  # looked at again, not answered
    assert len(made.chat._asked) == asked
    made.answer(True)
    made.answer(True)
    made.answer(True)
    tasks = ("decompose", "verify", "refine", "compress")
    assert [len(made.chat.asked(task)) for task in tasks] == [1, 4, 1, 1]
    assert len(made.painter.calls) == 2


def test_the_time_of_waiting_is_nobodys_work(paused: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    import gems_graph.runtime.node as binding

    days = 0.0

    class Clock:
        @staticmethod
        def monotonic() -> float:
            return days * 86_400

    made = paused("yn", "yy", pause="both", max_seconds=60)
    monkeypatch.setattr(binding, "time", Clock)
    made.start()
    for _ in range(3):
        days += 10
        made.answer(True)
    assert made.reason == "passed"
    assert sum(timing["seconds"] for timing in made.out["timings"]) == 0
    assert not {t["node"] for t in made.out["timings"]} & {"review_criteria", "review_verdict"}


def test_the_compressors_time_belongs_to_the_round_that_it_learns_from(paused: Make) -> None:
    made = paused("n", "n", "y")
    made.start()
    made.answer({"prompt": "a door"})
    made.answer(True)
    made.answer(True)
    rounds = [t["round"] for t in made.out["timings"] if t["node"] == "compressor"]
    assert rounds == [1, 2]


def test_a_context_says_when_to_ask(paused: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    made = paused("yn", "yn", "yy", pause="both")
    made.start()
    assert made.answer(True, context={"pause": "never"}) == {}
    assert len(made.out["rounds"]) == 3
    monkeypatch.setenv("GEMS_PAUSE", "verdicts")
    graph = build_graph(
        mllm=made.chat, generator=made.painter, store=made.loop.store, checkpointer=InMemorySaver()
    )
    assert graph.invoke({"prompt": "p"}, CONFIG)["__interrupt__"][0].value["kind"] == "verdict"
    context: Any = {"pause": "never"}
    assert "__interrupt__" not in graph.invoke({"prompt": "p"}, CONFIG, context=context)


def test_a_new_request_on_a_waiting_thread_begins_afresh(paused: Make) -> None:
    made = paused("yn")
    made.start("one")
    assert made.start("two")["request"] == "two"
    assert len(made.out["rounds"]) == 1


# ------------------------------------------------------------------ other processes, other doors


DAYS_LATER = """
import json, sys
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.types import Command
from gems_graph import build_graph
with SqliteSaver.from_conn_string(sys.argv[1]) as saver:
    graph = build_graph(checkpointer=saver)
    config = {"configurable": {"thread_id": "t"}}
    asked = [interrupt.value for interrupt in graph.get_state(config).interrupts]
    out = graph.invoke(Command(resume=json.loads(sys.argv[2])), config)
    print(json.dumps([asked, out["result"]["stop"]["reason"], out["criteria"], out["settings"]
                      if "settings" in out else graph.get_state(config).values["settings"]]))
"""


def test_another_process_goes_on_days_later(tmp_path: Path) -> None:
    file = str(tmp_path / "t.sqlite")
    with SqliteSaver.from_conn_string(file) as saver:
        graph = build_graph(checkpointer=saver, pause="criteria", seed=3, max_iterations=2)
        out = graph.invoke({"prompt": "a red fish"}, CONFIG, durability="sync")
    answer = {"criteria": ["Is there exactly one red fish?"]}
    command = [sys.executable, "-c", DAYS_LATER, file, json.dumps(answer)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    [asked], reason, kept, settings = json.loads(done.stdout)
    assert asked == out["__interrupt__"][0].value
    assert reason in ("passed", "max_iterations")
    assert [criterion["question"] for criterion in kept] == answer["criteria"]
    assert (settings["pause"], settings["seed"], settings["max_iterations"]) == ("criteria", 3, 2)


def test_an_async_saver_is_closed_and_opened_again(store: Store, tmp_path: Path) -> None:
    painter = Painter()
    plan = two_rounds()
    chat = ScriptedChat(script=plan)

    async def take(given: Any) -> Any:
        async with AsyncSqliteSaver.from_conn_string(str(tmp_path / "t.sqlite")) as saver:
            graph = build_graph(
                mllm=chat, generator=painter, store=store, checkpointer=saver, pause="both"
            )
            return await graph.ainvoke(given, CONFIG, durability="sync")

    asked = [asyncio.run(take({"prompt": "p"}))["__interrupt__"][0].value["kind"]]
    for answer in (True, {"verdicts": {"2": "unsure"}}):
        out = asyncio.run(take(Command(resume=answer)))
        asked.append(out["__interrupt__"][0].value["kind"])
    assert asked == ["criteria", "verdict", "verdict"]
    assert asyncio.run(take(Command(resume=True)))["result"]["stop"]["reason"] == "passed"
    assert len(painter.calls) == 2


class Parent(TypedDict, total=False):
    prompt: str
    result: dict[str, Any]


@pytest.mark.parametrize("wait", [False, True], ids=["invoke", "ainvoke"])
def test_inside_a_parent_graph_the_parent_is_asked(loop: Any, wait: bool) -> None:
    made = loop({"decompose": criteria(2), "verify": verdicts("yn", "yn", "yy")}, pause="both")
    builder = StateGraph(Parent)
    builder.add_node("gems", made.graph)
    builder.add_edge(START, "gems")
    builder.add_edge("gems", END)
    parent = builder.compile(checkpointer=InMemorySaver())

    def take(given: Any) -> Any:
        if wait:
            return asyncio.run(parent.ainvoke(given, CONFIG))
        return parent.invoke(given, CONFIG)

    out = take({"prompt": "p"})
    assert out["__interrupt__"][0].value["kind"] == "criteria"
    out = take(Command(resume={"criteria": ["Is there A?", "Is there B?"]}))
    assert out["__interrupt__"][0].value["round"] == 1
    out = take(Command(resume={"verdicts": {"7": "yes"}}))
    assert "no criterion 7" in out["__interrupt__"][0].value["problem"]
    out = take(Command(resume={"prompt": "a door"}))
    assert out["__interrupt__"][0].value["prompt"] == "a door"
    out = take(Command(resume={"accept": True}))
    assert out["result"]["stop"]["reason"] == "accepted"
    assert len(made.painter.calls) == 2
    assert len(made.chat.asked("decompose")) == 1


def test_a_parent_that_keeps_nothing_is_told_so(loop: Any) -> None:
    builder = StateGraph(Parent)
    builder.add_node("gems", loop({}, pause="both").graph)
    builder.add_edge(START, "gems")
    with pytest.raises(ConfigError, match="checkpointer"):
        builder.compile().invoke({"prompt": "p"})


def test_streams_show_the_question(paused: Make) -> None:
    made = paused("yn", "yy")
    *_, last = made.graph.stream({"prompt": "p"}, CONFIG, stream_mode="updates")
    [interrupt] = last["__interrupt__"]  # type: ignore[index]
    assert interrupt.value["round"] == 1

    async def watch() -> list[Any]:
        stream = made.graph.astream(Command(resume=True), CONFIG, stream_mode="updates")
        return [each async for each in stream]

    names = [name for each in asyncio.run(watch()) for name in each]
    assert sorted(names) == sorted(
        ["review_verdict", "refiner", "compressor", "generator", "verifier", "__interrupt__"]
    )


def test_many_runs_wait_and_go_on_at_once(loop: Any) -> None:
    made = loop({"verify": {"answer": "no"}}, pause="both", checkpointer=InMemorySaver())
    configs: list[Any] = [{"configurable": {"thread_id": str(k)}} for k in range(30)]

    async def each(*given: Any) -> list[Any]:
        pairs = zip(given, configs, strict=True)
        return await asyncio.gather(*(made.graph.ainvoke(g, c) for g, c in pairs))

    asyncio.run(each(*({"prompt": f"p{k}"} for k in range(30))))
    edited = [Command(resume={"criteria": [f"Is there {k}?"]}) for k in range(30)]
    asyncio.run(each(*edited))
    outs = asyncio.run(each(*[Command(resume={"accept": True})] * 30))
    assert [out["criteria"][0]["question"] for out in outs] == [f"Is there {k}?" for k in range(30)]
    assert {out["result"]["stop"]["reason"] for out in outs} == {"accepted"}


@pytest.mark.parametrize("node", ["verifier", "review_verdict"])
def test_a_state_written_by_hand_takes_the_same_edges(paused: Make, node: str) -> None:
    made = paused("yn", "yy")
    made.start()
    made.graph.update_state(CONFIG, {"notes": ["by hand"]}, as_node=node)
    expected = ("review_verdict",) if node == "verifier" else ("refiner", "compressor")
    assert set(made.graph.get_state(CONFIG).next) == set(expected)

    async def write() -> None:
        await made.graph.aupdate_state(CONFIG, {"notes": ["again"]}, as_node=node)

    asyncio.run(write())
    assert set(made.graph.get_state(CONFIG).next) == set(expected)


def test_a_fork_of_a_paused_thread_that_is_to_ask_nobody_goes_on(loop: Any) -> None:
    made = loop(two_rounds(), pause="criteria", checkpointer=InMemorySaver())
    made.graph.invoke({"prompt": "a cat"}, CONFIG)
    paused = made.graph.get_state(CONFIG)
    out = made.graph.invoke(None, paused.config, context={"pause": "never"})
    assert out["result"]["success"]
    assert [c["question"] for c in out["criteria"]] == ["Is there A?", "Is there B?"]


def test_an_answer_counts_also_where_nobody_is_to_be_asked_any_more(loop: Any) -> None:
    made = loop(two_rounds(), pause="both", checkpointer=InMemorySaver())
    made.graph.invoke({"prompt": "a cat"}, CONFIG)
    answer = Command(resume={"criteria": ["Is there A?"]})
    out = made.graph.invoke(answer, CONFIG, context={"pause": "never"})
    assert [c["question"] for c in out["criteria"]] == ["Is there A?"]
    assert out["result"]["success"]
