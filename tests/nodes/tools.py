"""What the tests of single nodes share: states, and answers of a model."""

from __future__ import annotations

from typing import Any

from gems_graph.models.answers import Answer
from gems_graph.models.chat import Reply
from gems_graph.settings import Settings
from gems_graph.state import Attempt, Criterion, ImageRef, Round, State, Thought, Verdict

SETTINGS = Settings(seed=7)
NOTHING = Thought(text="", sha256=None)
PICTURE = ImageRef(sha256="0" * 64, media_type="image/png", width=8, height=8)


def answer(form: Any, thought: str = "", **fields: Any) -> Answer[Any]:
    """Return what a model says, read into the form that a node asked for."""
    return Answer(form.model_validate(fields), thought, Reply("", thought, "stop"))


def attempt(n: int = 1, **fields: Any) -> Attempt:
    return Attempt(**{"n": n, "prompt": f"prompt {n}", "thought": NOTHING, "seed": 7 + n, **fields})


def round_(n: int, letters: str, **fields: Any) -> Round:
    """Return a judged round, one letter (y, n, u) a criterion."""
    words = {"y": "yes", "n": "no", "u": "unsure"}
    verdicts = [Verdict(answer=words[each], p_yes=None, evidence="seen") for each in letters]
    return Round(**{**attempt(n, image=PICTURE), "verdicts": verdicts, **fields})


def state(*rounds: Round, **fields: Any) -> State:
    count = len(rounds[0]["verdicts"]) if rounds else 2
    asked = [Criterion(question=f"Is there {k}?", source="decomposer") for k in range(count)]
    channels: Any = {
        "prompt": "a cat", "criteria": asked, "rounds": list(rounds), "settings": {},
        "attempt": rounds[-1] if rounds else attempt(), **fields,
    }  # fmt: skip
    return channels
