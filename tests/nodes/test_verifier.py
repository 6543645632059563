"""The Verifier: per criterion and batched, refusals, p(yes), and what ties are broken by."""

from __future__ import annotations

import re
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from gems_graph import Store, build_graph
from gems_graph.memory import best, likelihood
from gems_graph.testing import ChatServer, ImageServer, text_of
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
    assert likelihood(round_(1, ("yes", None))) == 0


def test_the_reason_of_a_broken_tie_is_told(store: Store) -> None:
    def told(p: float) -> list[dict[str, Any]]:
        import math

        tops = [
            {"token": "no", "logprob": math.log(1 - p)},
            {"token": "yes", "logprob": math.log(p)},
        ]
        return [{**tops[0], "top_logprobs": tops}]

    class Warming(ChatServer):
        """Grows surer with every probe."""

        def _completion(self, model: str, reply: Any) -> bytes:
            probes = sum(r["kind"] == "verify" for r in self.requests)
            self._logprobs = {"logprobs": {"content": told(0.1 + 0.1 * probes)}}
            return super()._completion(model, reply)

    with Warming({"decompose": criteria(1), "verify": "no"}) as chat, ImageServer() as images:
        out = build_graph(
            mllm="compat:m", mllm_url=chat.url, generator=f"http:{images.url}", store=store,
            max_iterations=3, tie_break="p_yes",
        ).invoke({"prompt": "p"})  # fmt: skip
    assert out["result"]["round"] == 3
    assert "the likeliest of equals (p 0.40)" in out["result"]["why"]
