"""What an answer must be: a form, its JSON schema, and how it is read out of a reply's text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, model_validator

from gems_graph.models.loose_json import MARK, Found, around, objects
from gems_graph.models.words import plain_text, stands

_NOISE = {"default", "title", "description"}  # keys that strict servers refuse or ignore


class Form(BaseModel):
    """Base of the answers that nodes ask for; unknown keys are ignored, types are not bent.

    Names of fields are in lower case.
    """

    model_config = ConfigDict(strict=True, extra="ignore")
    reminder: ClassVar[str] = "Answer with the JSON object alone, as asked."
    alone: ClassVar[bool] = False  # no second object may stand beside it, nor a word against it

    @model_validator(mode="before")
    @classmethod
    def _tidied(cls, fields: object) -> object:
        """Read keys in any case, take null for absent, and refuse what parrots the prompt.

        Raises:
            ValueError: a text is the dots of the prompt's example, or a key comes twice.
        """
        if not isinstance(fields, dict):
            return fields
        if any(isinstance(text, str) and text.strip() in ("...", "…") for text in fields.values()):
            msg = "it repeats the example"
            raise ValueError(msg)
        tidied = {key.strip().lower(): value for key, value in fields.items() if value is not None}
        if len(tidied) < sum(value is not None for value in fields.values()):
            msg = "a key comes twice"
            raise ValueError(msg)
        return tidied

    @classmethod
    def read(cls, text: str) -> Self:
        """Read the last JSON object that fits; forms that are read in another way override this.

        Args:
            text: of a reply, without its reasoning.

        Raises:
            ValueError: the text holds no such answer.
        """
        text = text.replace(MARK, " ")
        found, fitting = [*objects(text)], list[Self]()
        error = ValueError("it holds no JSON object")
        if cls.alone:
            _check_alone(text, found)
        for each in found:
            try:
                fitting.append(cls.model_validate(_unequivocal(each)))
            except ValueError as problem:
                error = problem
        if not fitting:
            raise error
        return fitting[-1]


@cache
def response_format(form: type[Form]) -> dict[str, Any]:
    """Return the JSON schema of a form as OpenAI-compatible servers take it."""
    schema = _closed(form.model_json_schema())
    json_schema = {"name": form.__name__.lower(), "schema": schema, "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": json_schema}}


def _unequivocal(found: Found) -> dict[str, Any]:
    if found.contradicts:
        msg = "a key comes twice"
        raise ValueError(msg)
    return found.fields


def _check_alone(text: str, found: Sequence[Found]) -> None:
    """Make sure that nothing stands beside an object that may say otherwise.

    Raises:
        ValueError: there is another object, a piece of one, or words behind it that doubt.
    """
    rest = around(found, text)
    if len(found) > 1 or "{" in rest or not stands("yes", plain_text(rest.partition(MARK)[2])):
        msg = "it says more than one JSON object"
        raise ValueError(msg)


def _closed(schema: Any) -> Any:
    """Make every object of a schema closed and every key required, as strict servers want."""
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items() if key not in _NOISE}
    if "properties" in closed:
        closed |= {"additionalProperties": False, "required": list(closed["properties"])}
    return closed


class Free(Form):
    """An answer in a form of its asker's own."""

    content: Any


def free_form(read: Callable[[str], Any], reminder: str) -> type[Free]:
    """Return a form for answers that are no JSON.

    Args:
        read: gives what an answer holds; a `ValueError` says, to the model, why it cannot.
        reminder: what is said behind that.
    """

    def read_free(form: type[Free], text: str) -> Free:
        return form(content=read(text))

    return type(
        "Free",
        (Free,),
        {"read": classmethod(read_free), "reminder": reminder, "__module__": __name__},
    )
