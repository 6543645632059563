"""Packages whose own file runs only once somebody asks it for a name; their modules load as ever.

LangGraph imports one module of each of a few large packages, and with it everything that their
`__init__` hands on. No switch of theirs turns that off.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

_RUNNING = threading.RLock()


def defer(*names: str) -> None:
    """Defer packages in this process, those that are imported already excepted."""
    sys.meta_path.insert(0, _Finder(names))


class _Finder(MetaPathFinder):
    """Finds the packages of these names, for a loader that defers them."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = frozenset(names)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self._names:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)
        return spec


class _Loader(Loader):
    """Loads a package without running its file."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Deferred(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["_run_file"] = self._loader.exec_module

    def __getattr__(self, name: str) -> Any:  # `get_source`, `get_data` and the like
        return getattr(self._loader, name)


class _Deferred(ModuleType):
    """A package whose file has not run yet; it becomes a plain module when it has."""

    def __getattr__(self, name: str) -> Any:
        with _RUNNING:
            run: Callable[[ModuleType], None] | None = self.__dict__.pop("_run_file", None)
            if run is not None:
                self.__class__ = ModuleType  # type: ignore[assignment]
                run(self)
        return ModuleType.__getattribute__(self, name)
