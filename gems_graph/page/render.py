"""The templates of the page, over those of the report: one stylesheet, one way to show a round."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any, cast

from jinja2 import ChoiceLoader, Environment, FileSystemLoader
from markupsafe import Markup

from gems_graph.report.html.render import environment, stylesheet

_FOLDER = Path(__file__).parent / "templates"
ROOT: ContextVar[str] = ContextVar("ROOT", default="")
"""The path under which a host has mounted the page, of the request that is being answered."""


def at(path: str) -> str:
    """Return the address of a path of the page."""
    return f"{ROOT.get()}{path}"


def page(template: str, **values: Any) -> str:
    """Return a whole page."""
    return _environment().get_template(template).render(**{"here": "", "error": "", **values})


def piece(name: str, *values: Any) -> Markup:
    """Return one piece of a page: a macro of `pieces.html`."""
    module: Any = _pieces()
    return cast(Callable[..., Markup], getattr(module, name))(*values)


def script() -> str:
    """Return the script of all pages."""
    return _file("page.js")


def style() -> str:
    """Return the style of all pages."""
    return f"{stylesheet()}\n{_file('page.css')}"


def mark_of(text: str) -> str:
    """Return a short mark that changes with a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@cache
def _environment() -> Environment:
    shared = environment()
    loader = ChoiceLoader([FileSystemLoader(_FOLDER), shared.loader or _none()])
    found = shared.overlay(loader=loader)
    found.globals = {**shared.globals, "at": at}
    return found


@cache
def _pieces() -> Any:
    return _environment().get_template("pieces.html").module


@cache
def _file(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _none() -> FileSystemLoader:
    return FileSystemLoader([])
