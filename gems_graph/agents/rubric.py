"""The grader of deepagents' `RubricMiddleware`, by looking: pictures are judged, not transcripts.

Written against deepagents 0.7, whose `_invoke_grader` is documented as the point to replace a
single grading.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from deepagents.middleware.rubric import GraderResponse, RubricMiddleware

from gems_graph.agents.judge import averify, verify
from gems_graph.agents.looking import Judged

_BULLET = re.compile(r"^\s*(?:[-*+•]|\d+[.)])\s+")
_UNSEEN = "No picture was drawn or shown yet."


class PictureRubric(RubricMiddleware):
    """Judges the last picture of the conversation by the rubric.

    Args:
        how: what `verify` is given beside picture and criteria.
        options: of `RubricMiddleware`.
    """

    def __init__(self, how: Mapping[str, Any], **options: Any) -> None:
        super().__init__(model="gems:verifier", **options)  # a name in logs: it is never opened
        self._how = dict(how)

    @property
    def name(self) -> str:
        """The name under which the agent's graph has it."""
        return "PictureRubric"

    def _invoke_grader(
        self, state: Any, iteration: int, correction: str | None = None, *, context: object = None
    ) -> GraderResponse:
        picture, criteria = _asked(state)
        return _response(picture and verify(picture, criteria, **self._how), criteria)

    async def _ainvoke_grader(
        self, state: Any, iteration: int, correction: str | None = None, *, context: object = None
    ) -> GraderResponse:
        picture, criteria = _asked(state)
        return _response(picture and await averify(picture, criteria, **self._how), criteria)


def criteria_in(rubric: str) -> list[str] | str:
    """Return the lines of a rubric without their bullets; one that is prose as it is."""
    lines = [line for line in map(str.strip, rubric.splitlines()) if line]
    if len(lines) > 1 or all(map(_BULLET.match, lines)):
        points = [line for line in lines if _BULLET.match(line)] or lines  # a title is none
        return [_BULLET.sub("", line) for line in points]
    return rubric.strip()


def last_picture(messages: Iterable[Any]) -> object:
    """Return the last picture of a conversation: a reference, or a `data:` address; None: none."""
    for message in reversed([*messages]):
        artifact = getattr(message, "artifact", None)
        if isinstance(artifact, Mapping) and (reference := artifact.get("image")):
            return reference
        for block in reversed(getattr(message, "content_blocks", [])):
            if block.get("type") == "image" and block.get("base64"):
                return f"data:{block.get('mime_type', 'image/png')};base64,{block['base64']}"
    return None


def _asked(state: Mapping[str, Any]) -> tuple[object, list[str] | str]:
    """Return the picture and the criteria, which stay the same while a rubric is graded."""
    criteria, frozen = criteria_in(state["rubric"]), list(state.get("_rubric_criteria") or [])
    if frozen and frozen != [criteria]:  # prose that nobody has split yet
        criteria = frozen
    return last_picture(state.get("messages", [])), criteria


def _response(seen: object, criteria: Sequence[str] | str) -> GraderResponse:
    if not isinstance(seen, Judged):
        names = [criteria] if isinstance(criteria, str) else criteria
        failed = [{"name": name, "passed": False, "gap": _UNSEEN} for name in names]
        return GraderResponse(result="needs_revision", explanation=_UNSEEN, criteria=failed)
    graded = [
        {"name": c["question"], "passed": True}
        if v["answer"] == "yes"
        else {"name": c["question"], "passed": False, "gap": f"{v['answer']}: {v['evidence']}"}
        for c, v in zip(seen.criteria, seen.verdicts, strict=True)
    ]
    result = "satisfied" if seen.success else "needs_revision"
    return GraderResponse(result=result, explanation=seen.text, criteria=graded)
