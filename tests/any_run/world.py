"""The doubles of a case; they count what was really paid for."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

from langchain_core.messages import AIMessage

from gems_graph import Store, build_graph
from gems_graph.settings import Capabilities
from gems_graph.skills import Skill
from gems_graph.testing import ScriptedChat, paint
from tests.any_run.cases import ONCE, Case
from tests.any_run.said import ANSWERS, PICTURES, Key, Kind, Label, Step, as_json

SIGNS = Skill("signs", "Lettering.", "Say where the text is.", ("Does the skill's part hold?",))


class World:
    """A chat model and a painter that do what a case says, and count it."""

    name = "painter"
    capabilities = Capabilities(black=True)

    def __init__(self, case: Case) -> None:
        self.case, self.n, self.drawn = case, 0, 0
        self.log: list[tuple[Key, Step]] = []
        self.pictures: list[tuple[int, str, int]] = []  # round, prompt, seed
        self._lock = threading.Lock()
        tasks = {*ANSWERS, "verify-all"} - {"paint"}
        self.chat = ScriptedChat(script={task: self._speaker(task) for task in tasks})

    def graph(self, store: Store, **build: Any) -> Any:
        return build_graph(
            mllm=self.chat, generator=self, store=store, skills=[SIGNS],
            **{"retry_wait": 0, "local_skills": False, **self.case.dials, **build},
        )  # fmt: skip

    def count(self, task: str, *kinds: Kind) -> int:
        """Count what was done at a task."""
        return sum(key[0] == task and step.kind in kinds for key, step in self.log)

    @property
    def perhaps_paid(self) -> Counter[str]:
        paid = [key[0] for key, step in self.log if step.paid]
        return Counter("image" if task == "paint" else "call" for task in paid)

    def _next(self, key: Key) -> Any:
        with self._lock:
            turn = sum(logged == key for logged, _ in self.log)
            line = self.case.line(key)
            step = line[min(turn, len(line) - 1)]
            self.log.append((key, step))
        if step.kind in ("passing", "final"):
            raise step.value()
        return step.value

    def _speaker(self, task: str) -> Callable[[str], Any]:
        def say(prompt: str) -> AIMessage:
            n = 0 if task in ONCE else self.n
            label = self._label(prompt) if task == "verify" else ""
            reply = self._next((task, n, label))
            if reply is None:
                reply = as_json(criteria=[f"Is there {letter}?" for letter in self.case.letters])
            reply = reply.model_copy(deep=True)
            if self.case.metered:
                reply.usage_metadata = {"input_tokens": 90, "output_tokens": 9, "total_tokens": 99}
            return reply

        return say

    def _label(self, prompt: str) -> Label:
        question = prompt.rpartition("<criterion>")[2].partition("</criterion>")[0].strip()
        if found := re.fullmatch(r"Is there ([A-F])\?", question):
            return found[1]
        return "S" if question in SIGNS.criteria else "U"

    async def __call__(self, prompt: str, *, seed: int, size: Any = None) -> Any:
        dials = self.case.dials
        reseeds = dials.get("reseed", True)
        self.n = (seed - dials["seed"]) % 2**31 + 1 if reseeds else self.drawn + 1
        data = self._next(("paint", self.n, ""))
        if self.log[-1][1].kind == "answer":
            self.drawn += 1
            self.pictures.append((self.n, prompt, seed))
        if data is not None:
            return data
        return PICTURES[0] if self.case.one_picture else paint(prompt, seed, (8, 8))
