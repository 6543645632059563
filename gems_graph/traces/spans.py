"""Spans of OpenTelemetry, run > node > call; nothing is done where nobody has loaded it.

Names and attributes follow the semantic conventions for generative AI where there are any
(opentelemetry.io/docs/specs/semconv/gen-ai), and begin with `gems.` where there are none.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from gems_graph.traces.facts import facts
from gems_graph.traces.pictures import without_pictures

_NAMES = {"thread": "gen_ai.conversation.id"}
_CONTENT = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"


@contextmanager
def span(name: str, attributes: Mapping[str, Any], *, client: bool = False) -> Iterator[None]:
    """Let the block be a span, with the facts of the place; an error that leaves it is noted.

    Args:
        name: of the span.
        attributes: those that are None are left out.
        client: whether it is a call to a server.
    """
    trace = _api()
    if trace is None:
        yield
        return
    kind = trace.SpanKind.CLIENT if client else trace.SpanKind.INTERNAL
    place = {_NAMES.get(key, f"gems.{key}"): value for key, value in facts().items()}
    tracer = trace.get_tracer("gems_graph")
    with tracer.start_as_current_span(
        name, kind=kind, attributes=_known({**place, **attributes}),
        record_exception=False, set_status_on_exception=False,
    ) as current:  # fmt: skip
        try:
            yield
        except BaseException as error:
            if not _is_no_failure(error):
                current.set_attribute("error.type", type(error).__qualname__)
                current.set_status(trace.StatusCode.ERROR, str(error))
            raise


def call_span(role: str, name: str) -> Any:
    """Return the span of a paid call: of a chat model, or of the generator.

    Args:
        role: who is asked.
        name: of the model or generator, as `provider:model` where it says so.
    """
    provider, colon, model = name.partition(":")
    draws = role == "generator"
    operation = "generate_content" if draws else "chat"
    attributes = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": provider,
        "gen_ai.request.model": model if colon else name,
        "gen_ai.output.type": "image" if draws else None,
        "gems.role": role,
    }
    return span(f"{operation} {model if colon else name}", attributes, client=True)


def used(usage: Mapping[str, Any], *, replayed: bool = False) -> None:
    """Note what a call took; `replayed`: nothing, as it was paid before."""
    metered = not usage["unmetered"]
    note(
        {
            "gen_ai.usage.input_tokens": usage["input_tokens"] if metered else None,
            "gen_ai.usage.output_tokens": usage["output_tokens"] if metered else None,
            "gems.images": usage["images"] or None,
            "gems.cost": usage["cost"],
            "gems.retries": usage["retries"],
            "gems.replayed": replayed or None,
        }
    )


def note(attributes: Mapping[str, Any]) -> None:
    """Add attributes to the span that the task is in."""
    if trace := _api():
        trace.get_current_span().set_attributes(_known(attributes))


def note_messages(direction: Literal["input", "output"], messages: Sequence[Any]) -> None:
    """Add what is said to the span, if its environment variable asks for it; never a picture."""
    if _api() and os.environ.get(_CONTENT, "false").lower() not in ("", "false", "no_content"):
        note({f"gen_ai.{direction}.messages": json.dumps([*map(_message, messages)])})


def _message(message: Any) -> dict[str, Any]:
    blocks = [message.content] if isinstance(message.content, str) else message.content
    texts = [each if isinstance(each, str) else each.get("text") or each for each in blocks]
    plain = [without_pictures(each) for each in texts]
    parts = [each if isinstance(each, str) else json.dumps(each) for each in plain]
    role = {"ai": "assistant", "human": "user"}.get(message.type, message.type)
    return {"role": role, "parts": [{"type": "text", "content": each} for each in parts]}


def _api() -> Any:
    """Return OpenTelemetry; None where nobody has loaded it, and so nobody has set it up."""
    return sys.modules.get("opentelemetry.trace")


def _known(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in attributes.items() if value is not None}


def _is_no_failure(error: BaseException) -> bool:
    """Tell whether an exception is LangGraph's way to ask or to stop."""
    return any(kind.__name__ == "GraphBubbleUp" for kind in type(error).__mro__)
