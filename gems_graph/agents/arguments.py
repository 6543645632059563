"""What another agent may ask of us: the arguments of each tool, checked in one sentence."""

from __future__ import annotations

import difflib
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.json_schema import SkipJsonSchema

from gems_graph.errors import UsageError

_Prompt = Annotated[str, Field(min_length=1, max_length=20_000)]
_Texts = Annotated[list[Annotated[str, Field(min_length=1, max_length=2_000)]], Field(min_length=1)]


class Arguments(BaseModel):
    """Arguments of a tool; `call` checks what came over the wire."""

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def call(cls, tool: str, given: dict[str, Any] | None) -> Self:
        """Return the arguments of a call; null counts as left out.

        Raises:
            UsageError: one is unknown, missing or not as it should be.
        """
        arguments = {name: value for name, value in (given or {}).items() if value is not None}
        try:
            return cls.model_validate(arguments)
        except ValidationError as error:
            raise UsageError(cls._in_words(tool, error)) from None  # pydantic's text quotes values

    @classmethod
    def _in_words(cls, tool: str, error: ValidationError) -> str:
        problem = error.errors()[0]
        name, *inner = problem["loc"]
        name = str(name)
        if problem["type"] == "extra_forbidden":
            near = difflib.get_close_matches(name, cls.model_fields, n=1)
            names = ", ".join(cls.model_fields)
            guess = f"did you mean {near[0]!r}?" if near else f"it takes {names}."
            return f"The tool {tool!r} has no argument {name!r}; {guess}"
        if problem["type"] == "missing":
            what = cls.model_fields[name].description or ""
            return f"The tool {tool!r} needs the argument {name!r}: {what}"
        place = name + "".join(f"[{each}]" for each in inner if isinstance(each, int))
        what = problem["msg"][:1].lower() + problem["msg"][1:]
        return f"The argument {place} of the tool {tool!r} is not valid: {what}."

    @classmethod
    def schema_of(cls) -> dict[str, Any]:
        """Return the JSON schema that clients see."""
        schema = cls.model_json_schema()
        for field in schema["properties"].values():
            field.pop("title", None)
            if field.get("default", 0) is None:
                del field["default"]
        return {k: v for k, v in schema.items() if k not in ("title", "description")}


class DrawArguments(Arguments):
    """Arguments of `draw`."""

    prompt: _Prompt | SkipJsonSchema[None] = Field(
        None,
        description="What to draw, in any language. Text that must stand in the picture goes in "
        "quotation marks. Left out only to go on with a thread.",
    )
    criteria: _Texts | SkipJsonSchema[None] = Field(
        None,
        description="Yes/no questions that must all be answered yes for the picture, such as "
        '"Is there exactly one red fish?". Left out: they are made from the prompt.',
    )
    size: str | SkipJsonSchema[None] = Field(
        None,
        description="WIDTHxHEIGHT in pixels, such as 1024x1024. Left out: the generator's own.",
    )
    max_iterations: int | SkipJsonSchema[None] = Field(
        None, description="Rounds at most, each one picture that is checked (1 to 50)."
    )
    skills: list[str] | SkipJsonSchema[None] = Field(
        None,
        description="Names of skills, from list_skills, that may be used; [] for none. Left out: "
        "whichever fits.",
    )
    strategy: str | SkipJsonSchema[None] = Field(
        None, description="How pictures are made. Left out: gems, which refines until all is right."
    )
    seed: int | SkipJsonSchema[None] = Field(None, description="Of the first picture.")
    thread: Annotated[str, Field(min_length=1, max_length=200)] | SkipJsonSchema[None] = Field(
        None,
        description="Name of an earlier drawing, to go on where it was stopped, or with more "
        "rounds; or a new name to keep this one under.",
    )

    def dials(self) -> dict[str, Any]:
        """Return the settings among the arguments, those that were given."""
        given = self.model_dump(
            include={"size", "max_iterations", "strategy", "seed"}, exclude_none=True
        )
        if self.skills is not None:
            given |= {"only_skills": self.skills} if self.skills else {"max_skills": 0}
        return given


class VerifyArguments(Arguments):
    """Arguments of `verify`."""

    picture: Annotated[str, Field(min_length=1)] = Field(
        description="The picture: a data: address, the SHA-256 of one that was drawn here, or, "
        "where this server runs on your machine over stdio, the path of a PNG, JPEG or WebP file."
    )
    criteria: _Texts = Field(
        description="Yes/no questions to answer by looking at the picture, such as "
        '"Does the sign say OPEN?".'
    )


class NoArguments(Arguments):
    """Arguments of a tool that takes none."""
