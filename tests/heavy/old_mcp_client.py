"""A client of the MCP SDK 1: run with its own Python, ADDRESS and PROMPT; prints what it saw."""

from __future__ import annotations

import asyncio
import json
import sys
from importlib.metadata import version
from typing import Any


async def use(url: str, prompt: str) -> dict[str, Any]:
    from mcp import ClientSession, types
    from mcp.client.streamable_http import streamable_http_client

    async with (
        streamable_http_client(url) as (incoming, outgoing, _),
        ClientSession(incoming, outgoing) as session,
    ):
        await session.initialize()
        numbers: list[float] = []

        async def progress(done: float, most: float | None, words: str | None) -> None:
            numbers.append(done)

        drawn = await session.call_tool("draw", {"prompt": prompt}, progress_callback=progress)
        failed = await session.call_tool("draw", {"prompt": "a fox"})
        stopped = asyncio.Event()

        async def stop(done: float, most: float | None, words: str | None) -> None:
            if done == 1:
                stopped.set()

        number = session._request_id  # of the next request: this SDK tells nobody
        given = {"prompt": prompt, "thread": "cut short"}
        call = asyncio.create_task(session.call_tool("draw", given, progress_callback=stop))
        await stopped.wait()
        params = types.CancelledNotificationParams(requestId=number, reason="enough")
        cancelled = types.CancelledNotification(params=params)
        await session.send_notification(types.ClientNotification(cancelled))
        again = await session.call_tool("draw", {"thread": "cut short"})
        call.cancel()
        record: Any = (await session.read_resource("gems://trajectory/cut%20short")).contents[0]
        return {
            "version": version("mcp"),
            "numbers": numbers,
            "blocks": [block.type for block in drawn.content],
            "account": drawn.structuredContent,
            "error": failed.content[0].text if failed.isError else "",
            "again": again.structuredContent,
            "record": json.loads(record.text),
        }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(use(*sys.argv[1:3]))))
