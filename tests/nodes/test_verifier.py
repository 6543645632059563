"""The Verifier: per criterion and batched, refusals, p(yes), and what ties are broken by."""

from __future__ import annotations

import base64
import io
import math
import re
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from PIL import Image

from gems_graph import Store, build_graph
from gems_graph.memory import best, likelihood
from gems_graph.testing import ChatServer, ImageServer, Painter, text_of
from tests.conftest import criteria


def batch(**answers: str) -> dict[str, Any]:
    """Script a batched answer: criterion A is the first."""
    words = {"y": "yes", "n": "no", "u": "unsure"}
    listed = [
        {"n": "ABCDEFGH".index(k) + 1, "evidence": f"{k} seen", "answer": words[v]}
        for k, v in answers.items()
    ]
    return {"verdicts": listed}


def run(loop: Any, count: int, whole: Any, alone: Any = "yes", **dials: Any) -> tuple[Any, Any]:
    script = {"decompose": criteria(count), "verify-all": whole, "verify": alone}
    made = loop(script, verify="batched", max_iterations=1, **dials)
    return made.run(), made.chat


def answers(out: Any) -> str:
    return "".join(v["answer"][0] for v in out["rounds"][0]["verdicts"])


def test_one_call_judges_all_criteria(loop: Any) -> None:
    out, chat = run(loop, 3, batch(A="y", B="n", C="y"))
    assert answers(out) == "yny"
    assert (len(chat.asked("verify-all")), len(chat.asked("verify"))) == (1, 0)
    assert out["rounds"][0]["verdicts"][1]["evidence"] == "B seen"


@pytest.mark.parametrize(
    ("whole", "again"),
    [
        (batch(A="y", C="y"), ["B"]),  # missing
        (batch(A="y", B="u", C="y"), ["B"]),  # doubtful
        ({"verdicts": batch(A="y", B="n", C="y")["verdicts"] * 2}, ["A", "B", "C"]),  # said twice
        (batch(A="y", B="n", C="y", H="n"), []),  # one too many
        ("nonsense", ["A", "B", "C"]),
        ({"verdicts": []}, ["A", "B", "C"]),
        ({"verdicts": [{"n": 1, "answer": "maybe"}]}, ["A", "B", "C"]),
        (AIMessage("", response_metadata={"finish_reason": "length"}), ["A", "B", "C"]),
        (AIMessage("I won't", response_metadata={"finish_reason": "refusal"}), ["A", "B", "C"]),
    ],
)
def test_what_is_missing_or_doubtful_is_asked_again_alone(
    loop: Any, whole: Any, again: list[str]
) -> None:
    _, chat = run(loop, 3, whole, "no", attempts=1)
    asked = [text_of(messages[0]) for messages in chat.asked("verify")]
    assert sorted(re.findall(r"Is there (.)\?", "".join(asked))) == again


def test_a_single_criterion_needs_no_batch(loop: Any) -> None:
    _, chat = run(loop, 1, batch(A="n"))
    assert not chat.asked("verify-all")


def test_the_batch_asks_for_evidence_before_each_answer(loop: Any) -> None:
    _, chat = run(loop, 2, batch(A="y", B="y"))
    text = text_of(chat.asked("verify-all")[0][0])
    assert text.index('"evidence"') < text.index('"answer"')
    assert text.startswith("[picture]")


def test_a_refused_probe_is_unsure_and_says_why(loop: Any) -> None:
    refusal = AIMessage("I cannot judge people.", response_metadata={"finish_reason": "refusal"})
    out = loop({"decompose": criteria(1), "verify": refusal}, max_iterations=1).run()
    [verdict] = out["rounds"][0]["verdicts"]
    assert verdict["answer"] == "unsure"
    assert "I cannot judge people" in verdict["evidence"]
    assert not out["result"]["success"]


def test_p_yes_is_kept_where_the_server_tells_it(store: Store) -> None:
    tops = [{"token": "yes", "logprob": -0.2231436}, {"token": " No", "logprob": -1.6094379}]
    told = [{"token": "yes", "logprob": -0.2231436, "top_logprobs": tops}]
    with ChatServer({"decompose": criteria(2)}, logprobs=told) as chat, ImageServer() as images:
        out = build_graph(
            mllm="compat:m", mllm_url=chat.url, generator=f"http:{images.url}", store=store
        ).invoke({"prompt": "p"})
    assert [v["p_yes"] for v in out["rounds"][0]["verdicts"]] == [pytest.approx(0.8)] * 2


def round_(n: int, *verdicts: tuple[str, float | None]) -> Any:
    listed = [{"answer": answer, "p_yes": p, "evidence": ""} for answer, p in verdicts]
    return {"n": n, "verdicts": listed}


def test_ties_go_to_the_first_or_to_the_likeliest() -> None:
    one = round_(1, ("yes", 0.6), ("no", 0.1))
    two = round_(2, ("yes", 0.9), ("no", 0.4))
    three = round_(3, ("no", 0.49), ("no", 0.49))
    assert best([one, two, three])["n"] == 1
    assert best([one, two, three], "p_yes")["n"] == 2
    assert likelihood(two) == pytest.approx(0.6)


def test_the_best_by_p_yes_may_pass_fewer_criteria() -> None:
    hopeless = round_(1, ("yes", 0.99), ("yes", 0.99), ("no", 1e-6))
    close = round_(2, ("yes", 0.9), ("no", 0.45), ("no", 0.45))
    assert best([hopeless, close])["n"] == 1
    assert best([hopeless, close], "first", "p_yes")["n"] == 2
    assert best([close, hopeless], "p_yes", "passes")["n"] == 1  # ties only, and there is none


@pytest.mark.parametrize("dials", [("first", "p_yes"), ("p_yes", "passes"), ("p_yes", "p_yes")])
def test_where_no_p_yes_is_known_the_passes_decide(dials: tuple[str, str]) -> None:
    """A server without log-probabilities: as in the paper, though one round was less sure."""
    one = round_(1, ("yes", None), ("no", None), ("unsure", None))
    two = round_(2, ("yes", None), ("unsure", None), ("unsure", None))
    three = round_(3, ("no", None), ("yes", None), ("no", None))
    assert best([one, two, three], *dials)["n"] == 1


def test_where_one_p_yes_is_unknown_the_answer_stands_for_it() -> None:
    """A refused probe is one half, a person's no is none at all."""
    assert likelihood(round_(1, ("yes", 0.8), ("unsure", None))) == pytest.approx(0.4**0.5)
    assert likelihood(round_(1, ("yes", 0.25), ("yes", None))) == pytest.approx(0.5)
    overruled = round_(1, ("yes", 0.99), ("no", None))
    doubtful = round_(2, ("no", 0.3), ("no", 0.3))
    assert best([overruled, doubtful], "first", "p_yes")["n"] == 2
    assert 0 < likelihood(overruled) < 1e-4
    assert likelihood(round_(1)) == 0


def told(p: float) -> list[dict[str, Any]]:
    """Tokens of the answer no, and a p(yes)."""
    tops = [{"token": "no", "logprob": math.log(1 - p)}, {"token": "yes", "logprob": math.log(p)}]
    return [{**tops[0], "top_logprobs": tops}]


class Warming(ChatServer):
    """Grows surer with every probe."""

    def _completion(self, model: str, reply: Any) -> bytes:
        probes = sum(r["kind"] == "verify" for r in self.requests)
        self._logprobs = {"logprobs": {"content": told(0.1 + 0.1 * probes)}}
        return super()._completion(model, reply)


@pytest.mark.parametrize(
    ("dials", "chosen", "why"),
    [
        ({"tie_break": "p_yes"}, 3, "the most of 3 rounds, and is the likeliest of equals (p 0"),
        ({"select_by": "p_yes"}, 3, "the most of 3 rounds, and is the likeliest (p 0.40)"),
        ({}, 1, "the most of 3 rounds"),
        ({"select_by": "p_yes", "logprobs": "off"}, 1, "; no p(yes) is known to choose by"),
    ],
)
def test_the_reason_of_a_choice_by_p_yes_is_told(
    store: Store, dials: dict[str, Any], chosen: int, why: str
) -> None:
    silent = {"logprobs": "off"}.items() <= dials.items()
    server = ChatServer if silent else Warming
    with server({"decompose": criteria(1), "verify": "no"}) as chat, ImageServer() as images:
        out = build_graph(
            mllm="compat:m", mllm_url=chat.url, generator=f"http:{images.url}", store=store,
            max_iterations=3, **dials,
        ).invoke({"prompt": "p"})  # fmt: skip
    assert out["result"]["round"] == chosen
    assert why in out["result"]["why"]
    assert ("likeliest" in why) == ("likeliest" in out["result"]["why"])


def test_a_passing_round_is_returned_whatever_p_yes_says(store: Store) -> None:
    def verify(prompt: str) -> str:
        return "no" if len(pictures) < 2 else "yes"

    script = {"decompose": criteria(1), "verify": verify}
    with ImageServer() as images, Warming(script) as chat:
        pictures = images.requests
        out = build_graph(
            mllm="compat:m", mllm_url=chat.url, generator=f"http:{images.url}", store=store,
            select_by="p_yes",
        ).invoke({"prompt": "p"})  # fmt: skip
    assert (out["result"]["round"], out["result"]["success"]) == (2, True)
    assert "likeliest" not in out["result"]["why"]


# ------------------------------------------------------------------ the probe forms


def test_direct_answers_first_and_gives_evidence_only_of_what_is_off(loop: Any) -> None:
    said = ['{"answer": "yes"}', '{"answer": "no", "evidence": "two of them"}', "no"]
    made = loop({"decompose": criteria(3), "verify": said}, probe="direct", max_iterations=2)
    out = made.run()
    text = text_of(made.chat.asked("verify")[0][0])
    assert text.index('"answer"') < text.index('"evidence"')
    row = out["rounds"][0]["verdicts"]
    assert sorted((v["answer"], v["evidence"]) for v in row) == [
        ("no", ""), ("no", "two of them"), ("yes", ""),
    ]  # fmt: skip
    assert "<seen>two of them</seen>" in text_of(made.chat.asked("refine")[0][0])


@pytest.mark.parametrize(
    ("probe", "count", "order"),
    [
        ("evidence", 1, ["evidence", "answer"]),
        ("direct", 1, ["answer", "evidence"]),
        ("evidence", 2, ["n", "evidence", "answer"]),
        ("direct", 2, ["n", "answer", "evidence"]),
    ],
)
def test_the_schema_makes_a_server_write_in_the_order_of_the_form(
    store: Store, probe: str, count: int, order: list[str]
) -> None:
    script = {"decompose": criteria(count), "verify-all": batch(A="y", B="y")}
    with ChatServer(script) as chat, ImageServer() as images:
        build_graph(
            mllm="compat:m", mllm_url=chat.url, generator=f"http:{images.url}", store=store,
            probe=probe, verify="batched",
        ).invoke({"prompt": "p"})  # fmt: skip
    [request] = [r for r in chat.requests if r["kind"].startswith("verify")]
    schema = request["response_format"]["json_schema"]["schema"]
    if count > 1:
        schema = schema["$defs"][next(iter(schema["$defs"]))]
    assert list(schema["properties"]) == schema["required"] == order


@pytest.mark.parametrize(("probe", "p"), [("evidence", 0.3), ("direct", 0.9)])
def test_p_yes_is_read_where_the_form_has_its_answer(store: Store, probe: str, p: float) -> None:
    """In tokens with a word of answer at both ends."""

    def decides(p: float) -> dict[str, Any]:
        pair = [
            {"token": "yes", "logprob": math.log(p)},
            {"token": "no", "logprob": math.log(1 - p)},
        ]
        return {**pair[0], "top_logprobs": pair}

    between = {"token": ' cat", "answer": "', "logprob": 0.0, "top_logprobs": []}
    first = {"token": '{"answer": "', "logprob": 0.0, "top_logprobs": []}
    tokens = [first, decides(0.9), between, decides(0.3)]
    with ChatServer({"decompose": criteria(1)}, logprobs=tokens) as chat, ImageServer() as images:
        out = build_graph(
            mllm="compat:m", mllm_url=chat.url, generator=f"http:{images.url}", store=store,
            probe=probe, max_iterations=1,
        ).invoke({"prompt": "p"})  # fmt: skip
    assert out["rounds"][0]["verdicts"][0]["p_yes"] == pytest.approx(p)


# ------------------------------------------------------------------ the size of the picture

MIXED = {"criteria": [
    "Is there a cat?", "Are there exactly two dogs?", "Is the mood calm?", "Is there a bench?",
    'Does the sign read "OPEN"?',
]}  # fmt: skip


def sides(chat: Any, task: str) -> dict[str, int]:
    """The longest side of the picture that each probe showed, by its questions."""
    shown: dict[str, int] = {}
    for [message] in chat.asked(task):
        [picture] = [block for block in message.content if block["type"] == "image"]
        image = Image.open(io.BytesIO(base64.b64decode(picture["base64"])))
        asked = re.findall(r"<criterion[^>]*>\s*(.*?)\s*</criterion>", text_of(message))
        shown["+".join(asked)] = max(image.size)
    return shown


def large(loop: Any, script: dict[str, Any], **dials: Any) -> Any:
    made = loop(script, generator=Painter(), max_iterations=1, size="1400x700", **dials)
    return made.run(), made.chat


def test_each_criterion_is_judged_on_a_picture_of_its_size(loop: Any) -> None:
    _, chat = large(loop, {"decompose": MIXED})
    cat, dogs, mood, bench, sign = MIXED["criteria"]
    assert sides(chat, "verify") == {cat: 560, dogs: 1024, mood: 384, bench: 560, sign: 1024}


def test_a_batch_holds_the_criteria_that_share_a_picture(loop: Any) -> None:
    out, chat = large(loop, {"decompose": MIXED}, verify="batched")
    cat, dogs, mood, bench, sign = MIXED["criteria"]
    assert sides(chat, "verify-all") == {f"{cat}+{bench}": 560, f"{dogs}+{sign}": 1024}
    assert sides(chat, "verify") == {mood: 384}
    assert out["result"]["success"]


def test_verdicts_of_several_batches_find_their_criteria(loop: Any) -> None:
    def judge(prompt: str) -> dict[str, Any]:
        return batch(A="y", B="n") if "dogs" in prompt else batch(A="n", B="y")

    out, _ = large(loop, {"decompose": MIXED, "verify-all": judge}, verify="batched")
    assert answers(out) == "nyyyn"


def test_a_picture_smaller_than_the_limits_stays_as_it_is_in_one_batch(loop: Any) -> None:
    made = loop({"decompose": MIXED}, generator=Painter(), max_iterations=1, verify="batched")
    out = made.run()
    [[message]] = made.chat.asked("verify-all")
    [picture] = [block for block in message.content if block["type"] == "image"]
    assert base64.b64decode(picture["base64"]) == made.store.read(
        out["rounds"][0]["image"]["sha256"]
    )


def test_one_size_for_all_is_two_dials(loop: Any) -> None:
    same = {"detail_max_side": None, "scene_max_side": None, "vision_max_side": 500}
    _, chat = large(loop, {"decompose": MIXED}, **same)
    assert set(sides(chat, "verify").values()) == {500}
