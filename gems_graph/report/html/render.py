"""Templates to HTML: everything escaped, one stylesheet, a page that can load nothing.

A page holds its style and its script, each allowed by its hash alone, and pictures as `data:`.
What was written by models or people is text: it cannot name a tag, a script or an address.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from gems_graph.calls.ledger import in_bytes
from gems_graph.prompting.sanitize import printable
from gems_graph.prompting.wording import counted, counted_criteria
from gems_graph.report.html.changes import changes

_FOLDER = Path(__file__).parent / "templates"
LONGEST = 20_000
"""Characters of one text that are shown; the record has the whole."""


def page(template: str, title: str, *, script: str = "", **values: Any) -> str:
    """Return a whole page that needs nothing beside it and can load nothing.

    Args:
        template: of its body, a file of `templates/`.
        title: of its tab.
        script: file of `templates/` that makes it sortable; empty: it runs nothing.
        values: what the template shows.
    """
    code, style = _file(script) if script else "", _file("style.css")
    return environment().get_template(template).render(
        title=title, script=Markup(code), style=Markup(style), policy=_policy(style, code), **values
    )  # fmt: skip


def fragment(name: str, *values: Any, **named: Any) -> Markup:
    """Return one part of a page, a macro of `parts.html`: `round_card`, `verdict_matrix`, ...

    For a page that is sent piece by piece; `stylesheet()` is what it is styled by.
    """
    macro = cast(Callable[..., Markup], getattr(_parts(), name))
    return macro(*values, **named)


def stylesheet() -> str:
    """Return the style of all pages."""
    return _file("style.css")


@cache
def environment() -> Environment:
    """Return the templates, escaping whatever they are given."""
    found = Environment(
        loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, finalize=_shown,
    )  # fmt: skip
    found.globals |= {"changes": changes, "counted": counted, "counted_criteria": counted_criteria}
    found.filters |= {
        "amount": _amount,
        "money": _money,
        "in_bytes": in_bytes,
        "in_script": _in_script,
    }
    return found


@cache
def _parts() -> Any:
    return environment().get_template("parts.html").module


@cache
def _file(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8").strip()


def _shown(value: Any) -> Any:
    """Return a value as it is shown: without controls and marks that reorder, cut where endless."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    cut = value if len(value) <= LONGEST else f"{value[:LONGEST]}… ({len(value):,} characters)"
    return printable(cut)


def _in_script(text: str) -> Markup:
    """Return a text as JSON that can end no script: a browser reads it as one long word."""
    return Markup(json.dumps(str(text), ensure_ascii=False).replace("<", "\\u003c"))


def _policy(style: str, script: str) -> str:
    rules = {
        "default-src": "'none'", "img-src": "data:", "style-src": _hash(style),
        "script-src": _hash(script) if script else "'none'", "base-uri": "'none'",
        "form-action": "'none'",
    }  # fmt: skip
    return "; ".join(f"{name} {allowed}" for name, allowed in rules.items())


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _amount(value: float | None, digits: int = 1) -> str:
    """Show a number with so many decimals, without those that are zero."""
    if value is None:
        return "unknown"
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _money(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4f}"
