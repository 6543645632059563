"""Roles whose model takes no pictures are told where one stands, in words."""

from __future__ import annotations

from typing import Any

import pytest

from gems_graph import Store, build_graph
from gems_graph.errors import ConfigError
from gems_graph.settings import from_env, settle
from gems_graph.testing import ChatServer, Painter, text_of
from tests.conftest import criteria, prompts_of, verdicts

UNSEEN = "Here stands a picture"


def test_they_get_one_text_and_the_verifier_its_picture(store: Store) -> None:
    script = {"decompose": criteria(1), "verify": verdicts("n")}
    dials: dict[str, Any] = {"max_iterations": 3, "text_only": ["refiner", "compressor"], "seed": 1}
    with ChatServer(script) as chat:
        graph = build_graph(
            mllm="compat:m", mllm_url=chat.url, generator=Painter(), store=store, **dials
        )
        graph.invoke({"prompt": "a cat"})
    sent = {r["kind"]: r["messages"][0]["content"] for r in chat.requests}
    assert [isinstance(sent[kind], str) for kind in ("refine", "compress", "verify")] == [
        True, True, False
    ]  # fmt: skip
    assert UNSEEN in sent["refine"]
    assert UNSEEN in sent["compress"]


def test_by_default_every_role_that_is_shown_pictures_sees_them(loop: Any) -> None:
    made = loop({"decompose": criteria(1), "verify": verdicts("n", "y")}, max_iterations=2)
    made.run()
    [refined] = prompts_of(made.chat, "refine")
    assert "[picture]" in refined
    assert UNSEEN not in refined
    assert text_of(made.chat.asked("verify")[0][0]).count("[picture]") == 1


def test_they_are_named_in_a_list_but_never_the_verifier() -> None:
    assert settle(from_env({"GEMS_TEXT_ONLY": "refiner, compressor"})).text_only == [
        "refiner", "compressor"
    ]  # fmt: skip
    with pytest.raises(ConfigError, match="the verifier judges pictures"):
        settle({"text_only": ["verifier"]})
