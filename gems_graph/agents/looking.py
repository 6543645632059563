"""Look at a picture for another agent: the Verifier on a picture that anybody drew."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gems_graph.errors import UsageError
from gems_graph.images import Store, keep_given, keep_sent
from gems_graph.images.files import is_key
from gems_graph.nodes.decomposer import decomposer
from gems_graph.nodes.verifier import verifier
from gems_graph.prompting.sanitize import check_text, check_texts
from gems_graph.prompting.wording import holding
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.settings import Settings
from gems_graph.state import Attempt, Criterion, ImageRef, State, Thought, Verdict

ROLES = ("decomposer", "verifier")
"""Who is asked: the first where a wish is to be split into criteria."""
_NOTHING = Thought(text="", sha256=None)


@dataclass(frozen=True)
class Judged:
    """A picture with a verdict for each criterion, in their order.

    Attributes:
        image: as it is kept.
        criteria: yes/no questions.
        verdicts: yes, no or unsure, each with what was seen.
        notes: what went wrong on the way.
    """

    image: ImageRef
    criteria: Sequence[Criterion]
    verdicts: Sequence[Verdict]
    notes: Sequence[str] = ()

    @property
    def passed(self) -> int:
        """How many criteria hold; `unsure` does not."""
        return sum(verdict["answer"] == "yes" for verdict in self.verdicts)

    @property
    def success(self) -> bool:
        """Whether all of them do."""
        return self.passed == len(self.verdicts)

    @property
    def text(self) -> str:
        """The verdicts in words, one a line."""
        told = [f"{v['answer']}: {c['question']} ({v['evidence']})" for c, v in self._pairs]
        head = f"{holding(self.passed, len(self.verdicts))}."
        return "\n".join([head, *told, *(f"note: {note}" for note in self.notes)])

    @property
    def record(self) -> dict[str, Any]:
        """The same as plain JSON."""
        told = [{**criterion, **verdict} for criterion, verdict in self._pairs]
        return {
            "success": self.success, "passed": self.passed, "total": len(self.verdicts),
            "criteria": told, "image": self.image, "notes": [*self.notes],
        }  # fmt: skip

    @property
    def _pairs(self) -> list[tuple[Criterion, Verdict]]:
        return [*zip(self.criteria, self.verdicts, strict=True)]


async def judged(
    picture: object, criteria: Sequence[str] | str, toolbox: Toolbox, *, files: bool = True
) -> Judged:
    """Have a picture judged; the judge sees it and the criteria, and nothing else.

    Args:
        picture: encoded bytes, a PIL image, a `data:` address, a reference to the store, the
            SHA-256 of one in it, or the path of a file.
        criteria: yes/no questions; or a wish, which the Decomposer splits into some.
        toolbox: asks the roles of `ROLES`, and keeps the picture.
        files: whether paths are opened: only for who sits at this machine.

    Raises:
        UsageError: there is no such picture, it is none, or there is no criterion.
        ModelError: the model could not be reached.
    """
    wish = criteria if isinstance(criteria, str) else ""
    what = "criteria takes a list of yes/no questions, or a wish in one text"
    own = [] if isinstance(criteria, str) else [t.strip() for t in check_texts(criteria, what)]
    if not (wish.strip() or (own and all(own))):
        msg = "A criterion is missing: give yes/no questions about the picture, none of them blank."
        raise UsageError(msg)
    image = await asyncio.to_thread(_kept, picture, toolbox.store, files)
    asked = [Criterion(question=question, source="user") for question in own]
    split: Mapping[str, Any] = await decomposer(
        State(prompt=check_text(wish), criteria=asked), toolbox
    )
    asked = split.get("criteria", asked)
    attempt = Attempt(n=1, prompt="", thought=_NOTHING, seed=0, image=image)
    update = await verifier(State(prompt="", attempt=attempt, criteria=asked), toolbox)
    notes = [*split.get("notes", []), *update["notes"]]
    return Judged(image, asked, update["rounds"][0]["verdicts"], notes)


async def look(
    picture: str, criteria: Sequence[str], settings: Settings, store: Store, *, files: bool
) -> tuple[ImageRef, list[Verdict]]:
    """Have a picture judged by the models that settings name.

    Args:
        picture: as for `judged`, as are the others.
        criteria: yes/no questions.
        settings: name the model.
        store: keeps the picture.
        files: whether paths are opened.

    Returns:
        The picture as it is kept, and a verdict for each criterion, in order.

    Raises:
        UsageError: there is no such picture, or it is none.
        ModelError: the model could not be reached.
    """
    toolbox = Toolbox(settings, store, roles=ROLES)
    seen = await judged(picture, criteria, toolbox, files=files)
    return seen.image, [*seen.verdicts]


def _kept(picture: object, store: Store, files: bool) -> ImageRef:
    if isinstance(picture, str) and is_key(picture):
        return keep_sent({"sha256": picture}, store)
    if files or not isinstance(picture, str) or picture.startswith("data:"):
        return keep_given(picture, store)
    msg = (
        "A picture is sent as a data: address, or named by the SHA-256 under which it was drawn "
        "here; files are opened over stdio alone."
    )
    raise UsageError(msg)
