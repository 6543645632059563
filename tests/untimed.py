"""Records without the one part of a picture that a clock decides."""

from __future__ import annotations

import json
from typing import Any


def untimed(value: Any) -> Any:
    """Return plain JSON with every picture's seconds left out."""
    return json.loads(json.dumps(value), object_hook=_without_seconds)


def _without_seconds(found: dict[str, Any]) -> dict[str, Any]:
    made = found.get("made")
    return {**found, "made": {**made, "seconds": 0}} if isinstance(made, dict) else found
