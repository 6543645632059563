"""What agent-chat-ui shows of `gems_chat`: its own rendering, in a real browser (60 s, npm).

Its source comes from npm in the package that makes new chat apps of it. The whole app is a build of
some 300 MB, so that only the code that renders a message is bundled, with the versions of its
libraries; buttons and the colours of source code are left out.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("langgraph_api", reason="needs the dev server: make heavy")

from langgraph_sdk import get_client

from tests.conftest import HARD
from tests.heavy.browsing import Faults, chromium, watched
from tests.heavy.dev_server import dev_server

APP = "create-agent-chat-app@0.1.6"
LIBRARIES = [
    "react@19", "react-dom@19", "react-markdown@10", "remark-gfm@4", "remark-math@6",
    "rehype-katex@7", "katex@0.16", "esbuild@0.25",
]  # fmt: skip
SOURCES = ("markdown-text.tsx", "markdown-styles.css", "utils.ts")
STUBS = {
    "src/lib/utils.ts": 'export const cn = (...names: any[]) => names.filter(Boolean).join(" ");',
    "src/components/thread/syntax-highlighter.tsx":
        "export const SyntaxHighlighter = ({ children }: any) => <pre>{children}</pre>;",
    "src/components/thread/tooltip-icon-button.tsx":
        "export const TooltipIconButton = ({ children }: any) => <button>{children}</button>;",
    "src/icons.tsx": "export const CheckIcon = () => null; export const CopyIcon = () => null;",
    "src/main.tsx": """
        import { createRoot } from "react-dom/client";
        import { MarkdownText } from "@/components/thread/markdown-text";
        import { getContentString } from "@/components/thread/utils";
        (window as any).show = (contents: any[]) =>
          createRoot(document.getElementById("root")!).render(contents.map((content, k) =>
            <article key={k}><MarkdownText>{getContentString(content)}</MarkdownText></article>));
        """,
    "tsconfig.json": json.dumps({
        "compilerOptions": {
            "jsx": "react-jsx",
            "paths": {"@/*": ["./src/*"], "lucide-react": ["./src/icons.tsx"]},
        }
    }),
    "package.json": '{"private": true}',
    "index.html": '<!doctype html><link rel="icon" href="data:,"><div id="root"></div>'
        '<script src="bundle.js"></script>',
}  # fmt: skip
SEEN = """
() => [...document.images].map(image => image.complete && [image.alt, image.naturalWidth])
"""


def call(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=400)
    if done.returncode:
        pytest.skip(f"{command[0]} {command[1]} failed, is there a network? {done.stderr[-500:]}")
    return done.stdout


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bundle agent-chat-ui's rendering of messages into a page with a function `show`."""
    if not shutil.which("npm"):
        pytest.skip("There is no npm: install Node.js.")
    folder = tmp_path_factory.mktemp("client")
    for name, text in STUBS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    archive = call(folder, "npm", "pack", "--silent", APP).split()[-1]
    with tarfile.open(folder / archive) as packed:
        for name in SOURCES:
            source = packed.extractfile(f"package/templates/vite/src/components/thread/{name}")
            assert source is not None
            (folder / "src/components/thread" / name).write_bytes(source.read())
    call(folder, "npm", "install", "--no-audit", "--no-fund", *LIBRARIES)
    fonts = [f"--loader:.{kind}=empty" for kind in ("woff", "woff2", "ttf")]
    esbuild = str(folder / "node_modules/.bin/esbuild")
    call(folder, esbuild, "src/main.tsx", "--bundle", "--outfile=bundle.js", *fonts)
    return folder / "index.html"


async def talked(address: str) -> tuple[list[Any], Any]:
    """Return what a chat of two rounds says, and what it asks about the first."""
    async with get_client(url=address) as client:
        thread = (await client.threads.create())["thread_id"]
        given = {"messages": [{"role": "user", "content": HARD}]}
        context = {"seed": 1, "max_iterations": 2, "pause": "verdicts"}
        out: Any = await client.runs.wait(thread, "gems_chat", input=given, context=context)
        asked = out["__interrupt__"][0]["value"]
        resume = {"decisions": [{"type": "reject", "message": "it costs $5, not $6"}]}
        await client.runs.wait(thread, "gems_chat", command={"resume": resume})
        approve = {"decisions": [{"type": "approve"}]}
        out = await client.runs.wait(thread, "gems_chat", command={"resume": approve})
        return out["messages"], asked


def test_the_pictures_show_in_the_messages_and_in_the_question(
    page_file: Path, tmp_path: Path
) -> None:
    faults = Faults([], [])
    with dev_server(tmp_path) as address:
        messages, asked = asyncio.run(talked(address))
        said = [message["content"] for message in messages if message["type"] == "ai"]
        with chromium() as browser:
            page = watched(browser.new_page(), faults)
            page.goto(page_file.as_uri())
            shown = [*said, asked["action_requests"][0]["description"]]
            page.evaluate("contents => show(contents)", shown)
            page.wait_for_selector("article:nth-of-type(4) img")
            page.wait_for_function("() => [...document.images].every(image => image.complete)")
            assert page.evaluate(SEEN) == [
                ["Round 1", 480], ["Round 2", 480], ["Round 2, chosen", 480], ["Round 1", 480],
            ]  # fmt: skip
            assert "Round 1: 3 of 5" in page.inner_text("article:nth-of-type(1) strong")
            assert len(page.query_selector_all("article:nth-of-type(1) li")) == 5
            assert "it costs $5, not $6" in page.inner_text("article:nth-of-type(1)")
            assert page.query_selector_all(".katex") == []  # a price is no mathematics
    assert faults.none(), faults
