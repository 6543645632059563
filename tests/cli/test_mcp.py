"""`gems mcp`, as far as it starts no server."""

from __future__ import annotations

import socket
import sys

import pytest

from tests.conftest import Gems


def test_help_says_what_it_serves(gems: Gems) -> None:
    result = gems("mcp", "--help")
    assert result.code == 0
    assert "draw, verify, list_skills" in " ".join(result.out.split())


def test_a_wrong_setting_is_said_before_anything_is_served(gems: Gems) -> None:
    result = gems("mcp", "--max-iterations", "0")
    assert (result.code, result.out) == (2, "")
    assert "max_iterations=0 is not valid" in result.err


def test_the_extra_is_named_where_it_is_missing(
    gems: Gems, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mcp", None)
    result = gems("mcp")
    assert (result.code, result.out) == (2, "")
    assert "pip install 'gems-graph[mcp]'" in result.err


def test_an_address_that_is_taken_is_said(gems: Gems) -> None:
    pytest.importorskip("mcp", reason="needs the extra `mcp`")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = gems("mcp", "--http", "--port", str(port))
    assert (result.code, result.out) == (2, "")
    assert f"Cannot listen at 127.0.0.1:{port}" in result.err
    assert "--port" in result.err
