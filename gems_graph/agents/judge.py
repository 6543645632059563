"""Our Verifier for other agents: a function, a tool, and a grader for deepagents' rubrics.

It is a model that sees the picture and the criteria, and nothing of who drew it or why.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.tools import BaseTool
from pydantic import BaseModel, Field

from gems_graph.agents.looking import ROLES, Judged, judged
from gems_graph.agents.tool import Content, make_tool, sentences, writer
from gems_graph.calls.budget import Place
from gems_graph.errors import ConfigError
from gems_graph.events import Tell, silent
from gems_graph.images import Store
from gems_graph.runtime.given import check_players, store_in
from gems_graph.runtime.loop import BACKGROUND
from gems_graph.runtime.players import Players, settings_and_toolbox
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.settings import Settings, from_env, settle

_DESCRIPTION = (
    "Answer yes/no criteria about a picture by looking at it: yes, no or unsure for each, with "
    "what was seen. The one who looks knows nothing of how the picture came about."
)


class _Verify(BaseModel):
    """Arguments of the tool."""

    picture: str = Field(
        description="The picture: the SHA-256 of one that was drawn here, a data: address, or "
        "the path of a PNG, JPEG or WebP file."
    )
    criteria: list[str] | str = Field(
        description="Yes/no questions about the picture; or one sentence that says what it shall "
        "show, which is split into such questions."
    )


def verify(
    picture: object,
    criteria: Sequence[str] | str,
    *,
    mllm: Players | None = None,
    store: Store | None = None,
    files: bool = True,
    on_event: Tell = silent,
    **dials: Any,
) -> Judged:
    """Have a picture judged: `verify("fox.png", ["Is there exactly one fox?"]).success`.

    Args:
        picture: a path, encoded bytes, a PIL image, a `data:` address, a reference, or the SHA-256
            of a picture in the store.
        criteria: yes/no questions; or a wish in one text, which the Decomposer splits into some.
        mllm: a chat model, by name or as any LangChain object; or such models by role.
        store: keeps the picture; by default `GEMS_IMAGES`, else `images` under `GEMS_HOME`.
        files: whether paths are opened.
        on_event: gets the progress, criterion by criterion.
        dials: single settings, for example `probe` or `verify`.

    Raises:
        GemsError: there is no such picture, or nobody could look at it.
    """
    toolbox = _toolbox(mllm, store, dials, on_event)
    return BACKGROUND.run(lambda: judged(picture, criteria, toolbox, files=files))


async def averify(
    picture: object,
    criteria: Sequence[str] | str,
    *,
    mllm: Players | None = None,
    store: Store | None = None,
    files: bool = True,
    on_event: Tell = silent,
    **dials: Any,
) -> Judged:
    """Do what `verify` does, from async code.

    Raises:
        GemsError: there is no such picture, or nobody could look at it.
    """
    toolbox = _toolbox(mllm, store, dials, on_event)
    return await BACKGROUND.arun(lambda: judged(picture, criteria, toolbox, files=files))


def as_judge(
    *, name: str = "verify_picture", description: str = _DESCRIPTION, files: bool = True, **how: Any
) -> BaseTool:
    """Return a LangChain tool that judges pictures.

    Its message is the verdicts in words, its artifact the same as plain JSON. What goes wrong is a
    message of one sentence.

    Args:
        name: of the tool, as the agent's model sees it.
        description: what the agent's model is told of it.
        files: whether it opens paths; not where strangers talk to the agent.
        how: whatever `verify` takes: `mllm`, `store`, single settings.

    Raises:
        ConfigError: a setting is out of bounds or unknown.
    """
    _checked(how)

    def call(picture: str, criteria: list[str] | str) -> Content:
        """Judge for an agent without an event loop."""
        with sentences():
            return _told(verify(picture, criteria, files=files, on_event=writer(), **how))

    async def acall(picture: str, criteria: list[str] | str) -> Content:
        """Judge for an agent on any event loop."""
        with sentences():
            return _told(await averify(picture, criteria, files=files, on_event=writer(), **how))

    return make_tool(call, acall, name, description, _Verify)


def as_grader(*, max_iterations: int = 3, on_evaluation: Any = None, **how: Any) -> Any:
    """Return a `RubricMiddleware` of deepagents that looks at pictures.

    Its own grader reads the transcript, in which a picture is a reference. This one judges the last
    picture of the conversation by the rubric: its lines are the criteria, or the Decomposer splits
    it. What fails is said to the agent, which goes on, up to `max_iterations` times.

    Args:
        max_iterations: how often an answer is judged at most.
        on_evaluation: as for `RubricMiddleware`.
        how: whatever `verify` takes.

    Raises:
        ConfigError: deepagents is not installed.
    """
    try:
        from gems_graph.agents.rubric import PictureRubric
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "deepagents":
            raise
        msg = (
            "A grader of rubrics needs the package deepagents: pip install 'deepagents>=0.7,<0.8'."
        )
        raise ConfigError(msg) from error
    _checked(how)
    return PictureRubric(how, max_iterations=max_iterations, on_evaluation=on_evaluation)


def _told(seen: Judged) -> Content:
    return [{"type": "text", "text": seen.text}], seen.record


def _checked(how: dict[str, Any]) -> None:
    """Make sure that `verify` takes what it will be given, before an agent calls it."""
    dials = {name: value for name, value in how.items() if name not in ("mllm", "store")}
    _toolbox(how.get("mllm"), how.get("store"), dials, silent)


def _toolbox(
    mllm: Players | None, store: Store | None, dials: dict[str, Any], on_event: Tell
) -> Toolbox:
    check_players(mllm)
    named, make_toolbox = settings_and_toolbox(mllm, None, store_in(store), roles=ROLES)
    settings: Settings = settle(from_env(), dials, named)
    toolbox = make_toolbox(settings, Place())
    toolbox.tell = on_event
    return toolbox
