"""Quick imports: what a command needs is imported when it is needed."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Import in here without collecting garbage: what modules define stays anyway.

    The collector would walk it again and again, for a sixth of the time that LangGraph takes.
    What was loaded is left out of later collections as well.
    """
    modules, was_enabled = len(sys.modules), gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if len(sys.modules) > modules:
            gc.freeze()
        if was_enabled:
            gc.enable()
