"""A case: dials, and what every call will be told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from tests.any_run.said import (
    PROMPTS,
    WORDS,
    Key,
    Label,
    Line,
    Step,
    as_json,
    fate,
    odds,
    spellings,
    trouble,
    verdict,
)

N_MAX, LETTERS = 6, "ABCDEF"
requests = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20).map(
    "draw {}".format
)
ONCE = ("select-skills", "apply-skills", "decompose")


@dataclass(frozen=True)
class Case:
    """All that is decided before a run: what is asked for, the dials, what the doubles will do."""

    prompt: str
    checklist: bool  # the caller's own criteria instead of the Decomposer's
    letters: str
    words: list[str]  # by round, one letter a criterion, then those of `U` and `S`
    spelling: str
    odds: list[float | None]  # p(yes) as the server tells it, probe by probe
    one_picture: bool  # the painter knows only one
    skilled: bool
    trouble: dict[Key, Line]
    dials: dict[str, Any]
    metered: bool = True

    def line(self, key: Key) -> Line:
        return self.trouble.get(key) or (self._plain(*key),)

    def _plain(self, task: str, n: int, label: Label) -> Step:
        if task == "verify":
            column = (self.letters + "US").index(label)
            p = self.odds[(7 * n + column) % len(self.odds)]
            return verdict(self.words[n - 1][column], self.spelling, p)
        if task == "verify-all":
            said = [(k + 1, word) for k, word in enumerate(self.words[n - 1][: len(self.letters)])]
            listed = [{"n": k, "answer": WORDS[word]} for k, word in said]
            return Step("answer", as_json(verdicts=listed), said=said)
        names = ["signs"] if self.skilled else []
        plain: dict[str, Any] = {
            "select-skills": {"skills": names},
            "apply-skills": {"prompt": "written with a skill"},
            "refine": {"rationale": "r", "prompt": f"prompt after round {n}"},
            "compress": {"experience": f"lesson of round {n}"},
        }
        return Step("answer", as_json(**plain[task]) if task in plain else None, said=names)

    def fate(self, task: str, n: int = 0, label: Label = "") -> str:
        return self.call(task, n, label)[0]

    def call(self, task: str, n: int = 0, label: Label = "") -> tuple[str, int]:
        line = self.line((task, n, label))
        if task == "paint":  # what is no picture is tried again like an outage
            line = tuple(replace(s, kind="passing") if s.kind == "garbage" else s for s in line)
        return fate(line, self.dials["retries"], 1 if task == "paint" else self.dials["attempts"])

    def said(self, task: str, n: int = 0, label: Label = "") -> Any:
        return self.line((task, n, label))[-1].said

    @property
    def given(self) -> dict[str, Any]:
        questions = [f"Is there {letter}?" for letter in self.letters]
        return {"prompt": self.prompt} | ({"checklist": questions} if self.checklist else {})


DIALS: dict[str, st.SearchStrategy[Any]] = {
    "max_iterations": st.sampled_from([2, 3, 4, 5, N_MAX, 1]),
    "seed": st.sampled_from([2**31 - 1, 0, 7]),
    "retries": st.integers(0, 2),
    "attempts": st.integers(1, 3),
    "memory": st.sampled_from(["experience", "experience", "thought", "images", "none"]),
    "order": st.sampled_from(["paper", "reference"]),
    "max_skills": st.sampled_from([1, 0, 2]),
    "stagnation": st.sampled_from([0, 0, 1, 2]),
    "raise_on_error": st.sampled_from([False, False, True]),
}
OPTIONAL: dict[str, st.SearchStrategy[Any]] = {
    "preset": st.sampled_from(["paper", "reference", "loop-only", "memory-feedback"]),
    "skill_criteria": st.booleans(),
    "enhance": st.just(True),
    "verify": st.just("batched"),
    "tie_break": st.just("p_yes"),
    "on_stagnation": st.just("reseed"),
    "reseed": st.just(False),
    "history_tokens": st.just(500),
    "history_pictures": st.just(0),
    "vision_max_side": st.just(64),
    "strict": st.just(True),
}
CAPS = st.one_of(
    st.just({}),
    st.just({}),
    st.integers(1, 4).map(lambda n: {"max_images": n}),
    st.sampled_from(range(2, 60)).map(lambda n: {"max_calls": n}),
    st.sampled_from(range(2, 30)).map(lambda n: {"max_tokens_total": n * 10_000}),
)


@st.composite
def cases(draw: Any, **fixed: Any) -> Case:
    always, perhaps = ({k: v for k, v in d.items() if k not in fixed} for d in (DIALS, OPTIONAL))
    dials = {**draw(st.fixed_dictionaries(always, optional=perhaps)), **fixed}
    letters = LETTERS[: draw(st.integers(1, 6))]
    rounds = range(1, dials["max_iterations"] + 1)
    row = st.text("yyynnu", min_size=len(letters) + 2, max_size=len(letters) + 2)
    tasks = ["verify", "verify", "paint", "refine", "compress", draw(st.sampled_from(ONCE))]
    tasks += ["verify-all"] * 3 * (dials.get("verify") == "batched")
    tasks += ["compress"] * (dials["memory"] == "experience")

    def struck(task: str) -> st.SearchStrategy[tuple[Key, Line]]:
        n = st.just(0) if task in ONCE else st.sampled_from(rounds)
        label = st.sampled_from(f"{letters}US") if task == "verify" else st.just("")
        return st.tuples(st.just(task), n, label).flatmap(lambda key: trouble(key, len(letters)))

    many = draw(st.sampled_from([2, 0, 1, 3, 4, 5]))
    return Case(
        prompt=draw(st.sampled_from(PROMPTS) | requests),
        checklist=draw(st.sampled_from([False, False, True])),
        letters=letters,
        words=[draw(row) for _ in rounds],
        spelling=draw(spellings),
        odds=draw(st.lists(odds, min_size=1, max_size=5)),
        one_picture=draw(st.sampled_from([False, False, True])),
        skilled=draw(st.booleans()),
        trouble=dict(draw(struck(draw(st.sampled_from(tasks)))) for _ in range(many)),
        dials=dials,
        metered=draw(st.booleans()),
    )
