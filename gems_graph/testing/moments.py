"""One trajectory of any strategy on doubles, in which something happens at a chosen moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from gems_graph.testing.doubles import Painter, ScriptedChat

if TYPE_CHECKING:
    from gems_graph.runs.outcome import Outcome
    from gems_graph.runs.run import Run
    from gems_graph.strategies import Strategy

_DIALS: dict[str, Any] = {
    "seed": 1, "max_iterations": 3, "retries": 0, "retry_wait": 0, "local_skills": False,
}  # fmt: skip


class Moments:
    """Counts calls and events, and does something at one of them.

    Args:
        at: which one; 0: none.
        act: what is done there.
    """

    def __init__(self, at: int = 0, act: Callable[[], None] = lambda: None) -> None:
        self.count, self.act, self._at = 0, act, at
        self._lock = threading.Lock()

    def call(self) -> None:
        """Pass a call."""
        if self._next() == self._at:
            self.act()

    def event(self, event: object) -> None:
        """Pass an event."""
        self.call()

    def _next(self) -> int:
        with self._lock:
            self.count += 1
            return self.count


class Failures(Moments):
    """Fails every call from one on; events do not count."""

    def call(self) -> None:
        """Pass a call, or fail it."""
        if 0 < self._at <= self._next():
            msg = "a failure on purpose"
            raise ConnectionError(msg)

    def event(self, event: object) -> None:
        """Let an event pass."""


class _Chat(ScriptedChat):
    """A scripted chat model whose calls are moments."""

    moments: Any

    def _generate(self, *given: Any, **more: Any) -> Any:
        self.moments.call()
        return super()._generate(*given, **more)


class _Painter(Painter):
    """A painter whose calls are moments."""

    def __init__(self, moments: Moments) -> None:
        super().__init__()
        self._moments = moments

    async def __call__(
        self, prompt: str, *, seed: int, size: tuple[int, int] | None = None
    ) -> bytes:
        self._moments.call()
        return await super().__call__(prompt, seed=seed, size=size)


class OneRun:
    """One trajectory of a strategy, kept in memory, which may be stopped and taken up.

    Args:
        strategy: of it.
        script: answers by task.
        folder: for pictures.
        moments: at one of which something happens.
        dials: single settings.
    """

    def __init__(
        self,
        strategy: str | Strategy,
        script: Mapping[str, Any],
        folder: str,
        moments: Moments,
        dials: Mapping[str, Any],
    ) -> None:
        from langgraph.checkpoint.memory import InMemorySaver

        from gems_graph.graph import build_graph
        from gems_graph.images import Store
        from gems_graph.runs.stopping import Stopper
        from gems_graph.strategies import open_strategy

        self.moments, self.store, self._stopper = moments, Store(folder), Stopper()
        self._strategy = open_strategy(strategy)
        self.chat, self.painter = _Chat(script=script, moments=moments), _Painter(moments)
        generator: Any = self.painter
        self.graph = build_graph(
            strategy=self._strategy, mllm=self.chat, generator=generator, store=self.store,
            checkpointer=InMemorySaver(), **{**_DIALS, **dials},
        )  # fmt: skip

    async def start(self, prompt: str) -> Outcome:
        """Run it to its end, or until it is cancelled."""
        return await self._run().start({"prompt": prompt})

    async def take_up(self, prompt: str) -> Outcome:
        """Go on where it was cancelled; begin where it had not begun."""
        from gems_graph.runs.stopping import Stopper

        self._stopper = Stopper()
        return await (self._run().resume() if await self.states() else self.start(prompt))

    def cancel(self) -> None:
        """Stop it in the middle of what it does."""
        self._stopper.cancel("cancelled on purpose")

    @property
    def calls(self) -> int:
        """How often a chat model was called."""
        return len(self.chat._asked)

    async def states(self) -> list[Mapping[str, Any]]:
        """Return every state that was kept."""
        history = self.graph.aget_state_history({"configurable": {"thread_id": "t"}})
        return [snapshot.values async for snapshot in history]

    def _run(self) -> Run:
        from gems_graph.runs.run import Run

        return Run(
            self.graph, "t", self.moments.event, stopper=self._stopper, conclude=self._with_result
        )

    def _with_result(self, state: Any) -> Any:
        """Complete the state of a cancelled run by the best picture so far."""
        from gems_graph.memory import has_image

        return {**state, "result": self._strategy.result(state)} if has_image(state) else state
