"""A forked child uses the graph of its parent as if it had built it: five of five, each way."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from gems_graph.testing import ChatServer, ImageServer
from tests.conftest import criteria

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")

PROGRAM = """
import os, signal, sys, threading
from gems_graph import build_graph
from gems_graph.testing import ScriptedChat

chat, images, way = sys.argv[1:]


def model():
    if way != "openai":
        return f"compat:m"
    from langchain_openai import ChatOpenAI

    return ChatOpenAI(model="m", base_url=chat, api_key="k")


def made():
    if way == "mini":
        return build_graph(seed=1)
    return build_graph(
        mllm=model(), mllm_url=chat, generator=f"http:{images}", seed=1, max_calls=500,
        concurrency=1, requests_per_minute=60000, call_timeout=20, image_timeout=20, retry_wait=0,
    )


def result(graph):
    return graph.invoke({"prompt": "a red fish"})["result"]["why"]


graph = made()
expected = result(graph)
for k in range(5):
    busy = threading.Thread(target=result, args=[graph])  # holds locks, limits and places
    busy.start()
    child = os.fork()
    if not child:
        signal.alarm(60)
        os._exit(0 if result(graph if k % 2 else made()) == expected else 1)
    print(os.waitpid(child, 0)[1])
    busy.join()
assert result(graph) == expected
"""


@pytest.mark.parametrize("way", ["mini", "compat", "openai"])
def test_a_forked_child_runs_the_graph(way: str) -> None:
    with ChatServer({"decompose": criteria(4)}) as chat, ImageServer() as images:
        arguments = [f"{chat.url}/v1", images.url, way]
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, *arguments],
            capture_output=True, text=True, timeout=400, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stdout.split()) == (0, ["0"] * 5), done.stderr[-3000:]
