"""What the offline chat model answers in the roles of other strategies than GEMS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gems_graph.mini.messages import Sheet

Reply = tuple[dict[str, Any], str]


def _rewrite(sheet: Sheet) -> Reply:
    """Leave the request as it is: no finer words help the offline generator."""
    return {"prompt": sheet.part("user_prompt")}, "The request is as plain as I can make it."


TASKS: dict[str, Callable[[Sheet], Reply]] = {"rewrite": _rewrite}
