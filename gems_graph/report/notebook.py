"""A trajectory as a notebook shows it: picture, outcome, each criterion in each round."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from PIL import Image

from gems_graph.errors import StoreError
from gems_graph.images import Store
from gems_graph.report.outcome import outcome
from gems_graph.report.shapes import MUTED, NO, UNSURE, YES
from gems_graph.report.standing import standing
from gems_graph.report.strip import strip

_SIDE, _STRIP = 320, 1400  # pixels at most, so that a saved notebook stays small
_MARKS = {"yes": ("✓", YES), "no": ("✗", NO), "unsure": ("?", UNSURE)}
_CELL = "padding:2px 8px;border:0;vertical-align:top"


def html(state: Mapping[str, Any], store: Store, *, waits: bool = False) -> str:
    """Return a trajectory as a fragment of HTML that needs nothing beside it.

    Args:
        state: what the graph returned, or as far as a run came.
        store: holds the pictures; one that is missing is named instead of shown.
        waits: whether a person is asked something.
    """
    word = escape(standing(state, waits=waits))
    return (
        '<div style="display:flex;gap:20px;flex-wrap:wrap;align-items:flex-start">'
        f"<div>{_picture(state, store)}</div>"
        f'<div style="flex:1;min-width:280px;text-align:left">'
        f"<b>{escape(str(state.get('prompt', '')))}</b>"
        f"<p><b>{word}</b>. {escape(outcome(state))}</p>{''.join(_table(state))}</div></div>"
        f"{_strip(state, store)}"
    )


def _picture(state: Mapping[str, Any], store: Store) -> str:
    ref = (state.get("result") or {}).get("image")
    if not ref:
        return ""
    try:
        data, media_type = store.view(ref, _SIDE)
    except StoreError as error:
        return escape(str(error))
    return f'<img alt="the chosen picture" src="data:{media_type};base64,{data}">'


def _table(state: Mapping[str, Any]) -> Iterator[str]:
    """Yield a row for each criterion: a mark for each round, and why it fails in the chosen one."""
    rounds = state.get("rounds", [])
    chosen = (state.get("result") or {}).get("round")
    at = next((i for i, round_ in enumerate(rounds) if round_["n"] == chosen), -1)
    yield '<table style="border-collapse:collapse">'
    heads = "".join(f'<th style="{_CELL}">{round_["n"]}</th>' for round_ in rounds)
    yield f'<tr>{heads}<th style="{_CELL};text-align:left">criterion</th></tr>'
    for k, criterion in enumerate(state.get("criteria", [])):
        verdicts = [round_["verdicts"][k] for round_ in rounds]
        marks = "".join(_mark(verdict) for verdict in verdicts)
        why = _why(verdicts[at]) if verdicts else ""
        yield (
            f'<tr>{marks}<td style="{_CELL};text-align:left">{escape(criterion["question"])}'
            f"{why}</td></tr>"
        )
    yield "</table>"


def _mark(verdict: Mapping[str, Any]) -> str:
    sign, colour = _MARKS[verdict["answer"]]
    title = escape(f"{verdict['answer']}: {verdict['evidence']}")
    return f'<td style="{_CELL};color:{colour};font-weight:bold" title="{title}">{sign}</td>'


def _why(verdict: Mapping[str, Any]) -> str:
    if verdict["answer"] == "yes" or not verdict["evidence"]:
        return ""
    return f'<br><span style="color:{MUTED}">{escape(verdict["evidence"])}</span>'


def _strip(state: Mapping[str, Any], store: Store) -> str:
    if not state.get("rounds"):
        return ""
    try:
        image = strip(state, store)
    except StoreError:  # named in the place of the picture
        return ""
    image.thumbnail((_STRIP, image.height), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    image.save(file, "webp", quality=80)
    data = base64.b64encode(file.getvalue()).decode()
    return (
        "<details><summary>All rounds</summary>"
        f'<img alt="all rounds" style="max-width:100%" src="data:image/webp;base64,{data}">'
        "</details>"
    )
