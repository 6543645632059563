"""Everything that we use of other packages beyond what they document; of diffusers, beside its use.

Each function names the versions that it was checked with; `tests/test_private_hooks.py` fails
loudly where an installed one is another, or no longer behaves so. Imports nothing at the top.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_GREGORIAN = 0x01B21DD213814000  # 100 ns from 1582-10-15, where UUIDs count from, to 1970
_BRANCH, _JOIN, _SENDS = "branch:to:", "join:", "__pregel_tasks"
_CONTROL = {"__error__", "__error_source_node__", "__interrupt__", "__resume__"}
_NO_TASK = "00000000-0000-0000-0000-000000000000"


def ids_come_after(checkpoint_id: str) -> bool:
    """Make the ids of later checkpoints sort after a given one; return False where that fails.

    Holds for: langgraph-checkpoint >=4.0,<5
    """
    from langgraph.checkpoint.base import id as ids

    number = uuid.UUID(checkpoint_id).int
    ticks = (number >> 80) << 12 | (number >> 64) & 0xFFF  # of a version 6 UUID
    id_module: Any = ids
    if hasattr(id_module, "_last_v6_timestamp"):  # the next one is later in any case
        id_module._last_v6_timestamp = max(id_module._last_v6_timestamp or 0, ticks)
        return True
    return ticks <= time.time_ns() // 100 + _GREGORIAN


def scheduled(checkpoint: Mapping[str, Any]) -> list[str]:
    """Return the nodes of the superstep after a checkpoint, one a task, as a StateGraph would.

    Nodes wait on channels named after them; one runs when its channel is newer than what it saw.

    Holds for: langgraph >=1.2.19,<1.3
    """
    values, versions = checkpoint["channel_values"], checkpoint["channel_versions"]
    versions_seen = checkpoint["versions_seen"]
    triggered: list[str] = []
    for channel, node in _triggers(values):
        seen_version = versions_seen.get(node, {}).get(channel)
        if channel in versions and (seen_version is None or versions[channel] > seen_version):
            triggered.append(node)
    return [*(send.node for send in values.get(_SENDS, ())), *dict.fromkeys(triggered)]


def _triggers(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for channel, value in values.items():
        if channel == "__start__":
            yield channel, channel
        elif channel.startswith(_BRANCH):
            yield channel, channel.removeprefix(_BRANCH)
        elif channel.startswith(_JOIN):
            sources, _, node = channel.removeprefix(_JOIN).rpartition(":")
            if {*value} == {*sources.split("+")}:
                yield channel, node


def is_internal(channel: str) -> bool:
    """Tell whether a channel is the graph's own, and no part of its state.

    Holds for: langgraph >=1.2.19,<1.3
    """
    return channel.startswith((_BRANCH, _JOIN, "__"))


class Steps:
    """What tasks wrote after a checkpoint and before the next, by kind.

    Attributes:
        outputs: of each task that finished, what it wrote into which channel.
        inputs: what was written from outside for the next step, and into which channel.
        errors: what tasks raised, in words.
        interrupts: questions that nobody has answered.

    Holds for: langgraph >=1.2.19,<1.3
    """

    def __init__(self, writes: Iterable[tuple[str, str, Any]]) -> None:
        self.outputs: dict[str, list[tuple[str, Any]]] = {}
        self.inputs: list[tuple[str, Any]] = []
        self.errors: list[str] = []
        questions: dict[str, list[Any]] = {}
        for task, channel, value in writes:
            if task == _NO_TASK:
                self.inputs.append((channel, value))
            elif channel == "__error__":
                self.errors.append(str(value))
            elif channel == "__interrupt__":
                questions[task] = [*value] if isinstance(value, list | tuple) else [value]
            elif channel not in _CONTROL:
                self.outputs.setdefault(task, []).append((channel, value))
        unanswered = (questions[task] for task in questions if task not in self.outputs)
        self.interrupts = [question for group in unanswered for question in group]


def overwriting(value: Any) -> tuple[bool, Any]:
    """Tell whether a write takes the place of what a channel holds, and return the value itself.

    Holds for: langgraph >=1.2.19,<1.3
    """
    if type(value).__name__ == "Overwrite":
        return True, value.value
    if isinstance(value, dict) and value.keys() == {"__overwrite__"}:
        return True, value["__overwrite__"]
    return False, value


def cut_while_writing(snapshot: Any) -> bool:
    """Tell whether a task of a snapshot was cancelled after some of its writes and before others.

    LangGraph keeps them, takes the task for done, and would never take the ways on from it.

    Holds for: langgraph >=1.2.19,<1.3
    """
    cancelled = [task.name for task in snapshot.tasks if "CancelledError" in str(task.error)]
    return any(cancelled.count(name) > [*snapshot.next].count(name) for name in {*cancelled})


async def rows(saver: Any, sql: str) -> list[tuple[Any, ...]] | None:
    """Run a query on a saver's own connection; None: it is neither SQLite's nor PostgreSQL's.

    Holds for: langgraph-checkpoint-sqlite >=3.1,<4; langgraph-checkpoint-postgres >=3,<4
    """
    kinds = {kind.__name__ for kind in type(saver).__mro__}
    if "AsyncSqliteSaver" in kinds:
        await saver.setup()
        async with saver.lock, saver.conn.execute(sql) as cursor:
            return [tuple(row) for row in await cursor.fetchall()]
    if "AsyncPostgresSaver" in kinds:
        async with saver._cursor() as cursor:  # on its connection or pool
            await cursor.execute(sql)
            return [tuple(row.values()) for row in await cursor.fetchall()]
    return None


def is_migrated(saver: Any, version: int | None) -> bool:
    """Tell whether a PostgreSQL database with this version has all tables of a saver.

    Holds for: langgraph-checkpoint-postgres >=3,<4
    """
    return version is not None and version >= len(saver.MIGRATIONS) - 1


def has_checkpointer(config: Mapping[str, Any] | None) -> bool:
    """Tell a node whether its run is persisted.

    Holds for: langgraph >=1.2.19,<1.3
    """
    from langgraph.constants import CONFIG_KEY_CHECKPOINTER

    return (config or {}).get("configurable", {}).get(CONFIG_KEY_CHECKPOINTER) is not None


def is_openai(model: Any) -> bool:
    """Tell whether a chat model is one of the OpenAI family, whose clients can be replaced.

    Holds for: langchain-openai >=1.1,<2
    """
    return getattr(model, "root_async_client", None) is not None


def with_client(model: Any, client: Any) -> Any:
    """Return a copy of a model of the OpenAI family that uses this HTTP client, and no retries.

    Holds for: langchain-openai >=1.1,<2; openai >=1.109,<4
    """
    root = model.root_async_client.with_options(http_client=client, max_retries=0)
    return model.model_copy(
        update={
            "root_async_client": root,
            "async_client": root.chat.completions,
            "http_async_client": client,
        }
    )
