"""Every strategy of ours, and one of somebody else, keeps what every one must."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from gems_graph import Store, build_graph, plugins
from gems_graph.errors import ConfigError
from gems_graph.strategies import Strategy, promptist
from gems_graph.strategies.opening import opening
from gems_graph.strategies.original import as_it_is
from gems_graph.testing import ScriptedChat, check_strategy
from tests.installed import install_side_by_side


@pytest.mark.parametrize("name", plugins.names("strategies"))
def test_each_strategy_of_ours_conforms(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promptist, "rephrasings", lambda *asked: ["", f"{asked[0]}, artstation"])
    assert len(asyncio.run(check_strategy(name))) == 6


def test_one_of_somebody_else_conforms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_side_by_side(tmp_path, monkeypatch)
    asyncio.run(check_strategy("side-by-side"))


def broken(**facts: Any) -> Strategy:
    """Return `original` with an opening of another kind."""

    async def act(state: Any, toolbox: Any) -> dict[str, Any]:
        update = await as_it_is.run(state, toolbox)
        return {**update, **facts["more"](update)}

    return opening(replace(as_it_is, run=act), "broken", "")


def test_state_that_is_no_json_is_found() -> None:
    strategy = broken(more=lambda update: {"extra": {"picture": b"PNG"}})
    with pytest.raises(AssertionError, match=r"plain JSON: extra is .*PNG"):
        asyncio.run(check_strategy(strategy))


def test_one_that_draws_something_else_when_taken_up_is_found() -> None:
    times = count()

    def another_prompt(update: Any) -> dict[str, Any]:
        return {"attempt": {**update["attempt"], "prompt": f"a cat, take {next(times)}"}}

    with pytest.raises(AssertionError, match="goes on to the same end"):
        asyncio.run(check_strategy(broken(more=another_prompt)))


@pytest.mark.parametrize(
    ("strategy", "dial"),
    [("search", "variations"), ("original", "variations"), ("craft", "variations"),
     ("search", "edit"), ("maestro", "edit")],
)  # fmt: skip
def test_a_dial_that_means_nothing_to_a_strategy_is_refused(
    strategy: str, dial: str, store: Store
) -> None:
    chat = ScriptedChat()
    graph = build_graph(mllm=chat, store=store, strategy=strategy)
    with pytest.raises(ConfigError, match=f"'{strategy}' knows no `{dial}`: leave it out"):
        graph.invoke({"prompt": "p"}, context={dial: 2 if dial == "variations" else True})
    assert not chat._asked
