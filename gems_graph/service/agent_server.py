"""What LangGraph's server runs beside its own routes (`http.app` of langgraph.json).

That is our app, and one assistant of `gems` for each preset, made when the server starts.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient
from starlette.applications import Starlette

from gems_graph.service.app import lifespan, make_app
from gems_graph.settings.presets import PRESETS

_NAMESPACE = uuid.UUID("6b8f4c1e-0d3a-5f27-9c42-7a1d5e9b3f60")


async def make_assistants(client: LangGraphClient) -> None:
    """Make an assistant of `gems` for each preset; one that is there stays as it was left."""
    for preset in PRESETS:
        await client.assistants.create(
            "gems",
            context={"preset": preset},
            assistant_id=str(uuid.uuid5(_NAMESPACE, preset)),
            if_exists="do_nothing",
            name=f"gems: {preset}",
            description=f"GEMS with the preset {preset}.",
        )


_ours = make_app()


@asynccontextmanager
async def _running(_: Starlette) -> AsyncIterator[None]:
    async with lifespan(_ours):
        await make_assistants(get_client())  # of this very server, over no network
        yield


app = Starlette(routes=_ours.routes, lifespan=_running)
