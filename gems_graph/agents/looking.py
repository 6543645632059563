"""Look at a picture for another agent: the Verifier on a picture that anybody drew."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from gems_graph.errors import UsageError
from gems_graph.images import Store, keep_given, keep_sent
from gems_graph.images.files import is_key
from gems_graph.nodes.verifier import verifier
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.settings import Settings
from gems_graph.state import Attempt, Criterion, ImageRef, State, Thought, Verdict


async def look(
    picture: str, criteria: Sequence[str], settings: Settings, store: Store, *, files: bool
) -> tuple[ImageRef, list[Verdict]]:
    """Have a picture judged; the judge sees it and the criteria, and nothing else.

    Args:
        picture: a `data:` address, the SHA-256 of one in the store, or the path of a file.
        criteria: yes/no questions.
        settings: name the model.
        store: keeps the picture.
        files: whether paths are opened: only for who sits at this machine.

    Returns:
        The picture as it is kept, and a verdict for each criterion, in order.

    Raises:
        UsageError: there is no such picture, or it is none.
        ModelError: the model could not be reached.
    """
    ref = await asyncio.to_thread(_kept, picture, store, files)
    toolbox = Toolbox(settings, store, roles=("verifier",))
    attempt = Attempt(n=1, prompt="", thought=Thought(text="", sha256=None), seed=0, image=ref)
    questions = [Criterion(question=each, source="user") for each in criteria]
    update = await verifier(State(prompt="", attempt=attempt, criteria=questions), toolbox)
    return ref, update["rounds"][0]["verdicts"]


def _kept(picture: str, store: Store, files: bool) -> ImageRef:
    if is_key(picture):
        return keep_sent({"sha256": picture}, store)
    if files:
        return keep_given(picture, store)
    if not picture.startswith("data:"):
        msg = (
            "A picture is sent as a data: address, or named by the SHA-256 under which it was "
            "drawn here; files are opened over stdio alone."
        )
        raise UsageError(msg)
    return keep_sent(picture, store)
