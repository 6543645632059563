"""The errors, as those see them who catch them or serve the graph."""

from __future__ import annotations

import json

import pytest

from gems_graph.errors import GemsError, GeneratorError, OutsideWorldError
from gems_graph.review.answers import UnfitAnswerError


@pytest.mark.parametrize("kind", [GemsError, GeneratorError, OutsideWorldError, UnfitAnswerError])
def test_the_agent_server_shows_the_sentence_of_our_errors(kind: type[GemsError]) -> None:
    """It tells the messages of a few builtin kinds alone, of which a `RuntimeError` is one."""
    assert issubclass(kind, RuntimeError)
    serde = pytest.importorskip("langgraph_api.serde", reason="needs the dev server")
    told = json.loads(serde.json_dumpb(kind("CUDA is out of memory: draw a smaller picture.")))
    assert told["message"] == "CUDA is out of memory: draw a smaller picture."
