"""The MCP server as something that an HTTP server can call: streamable HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from gems_graph.errors import ConfigError

if TYPE_CHECKING:  # imported late: it is of an extra
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

_LARGEST = 32 * 1024 * 1024  # bytes of a request: a picture to be verified comes as base64
_NOT_RUNNING = (
    "The MCP endpoint is not running: enter gems_graph.service.app.lifespan(app) in the lifespan "
    "of the app that mounts it."
)
_NOT_INSTALLED = "The MCP endpoint needs the package mcp: pip install 'gems-graph[mcp]'."


class McpEndpoint:
    """Answers while its `running` is entered.

    Args:
        make_server: makes the server, a new one each time that it is run.
    """

    def __init__(self, make_server: Callable[[], Any]) -> None:
        self._make = make_server
        self._manager: StreamableHTTPSessionManager | None = None
        self._why = _NOT_RUNNING

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Answer while the block runs; in the end, what is being drawn ends its step."""
        try:
            from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

            server = self._make()
        except ImportError:
            self._why = _NOT_INSTALLED
            yield
            return
        manager = StreamableHTTPSessionManager(server, max_request_body_size=_LARGEST)
        async with manager.run():
            self._manager = manager
            try:
                yield
            finally:
                self._manager = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if self._manager is None:
            await PlainTextResponse(self._why, 503)(scope, receive, send)
        else:
            await self._manager.handle_request(scope, receive, send)


def installed() -> None:
    """Make sure that MCP can be served.

    Raises:
        ConfigError: the package is missing.
    """
    try:
        import mcp  # noqa: F401
    except ImportError as error:
        raise ConfigError(_NOT_INSTALLED) from error
