"""A chat model by its name, or one that the caller made, opened once and shared."""

from __future__ import annotations

import os
import re
from functools import lru_cache

from langchain_core.language_models import BaseChatModel

from gems_graph import plugins
from gems_graph.errors import ConfigError
from gems_graph.models.chat import Chat
from gems_graph.settings.objects import refuse_object
from gems_graph.settings.roles import ModelSpec
from gems_graph.settings.servers import check_server
from gems_graph.system.processes import Lock

_OPENING = Lock()  # two roles that start together must share one client


def open_chat(spec: ModelSpec) -> Chat:
    """Open the chat model that a spec names; the same spec shares one client.

    Raises:
        ConfigError: nobody knows the name, its package or key is missing, or the host does not
            allow its server.
    """
    refuse_object(spec.mllm, "mllm")
    _check_url(spec)
    with _OPENING:
        return _open(spec.model_dump_json(), os.getpid())


def wrap(model: BaseChatModel) -> Chat:
    """Wrap a chat model that the caller made, with a client of its own where we can."""
    name = getattr(model, "model_name", None) or getattr(model, "model", None)
    label = str(name or type(model).__name__)
    return Chat(model, label, f"{type(model).__name__}:{id(model)}")


@lru_cache(maxsize=64)
def _open(key: str, pid: int) -> Chat:  # a forked child has clients of its own
    spec = ModelSpec.model_validate_json(key)
    name = spec.mllm or ""
    head, _, argument = name.partition(":")
    if opener := plugins.load("models", head):
        return Chat(opener(argument, spec), name, f"{head}:{spec.mllm_url}", spec.max_tokens)
    return Chat(_langchain(spec), name, f"{head}:{spec.mllm_url}", spec.max_tokens)


def _check_url(spec: ModelSpec) -> None:
    """Make sure that a base URL is one.

    Raises:
        ConfigError: it is none, and how to write it; or the host does not allow the server.
    """
    url = spec.mllm_url
    if url and not re.match(r"https?://[^/]", url, re.IGNORECASE):
        rest = url.partition("://")[2] or url.lstrip("/")
        whole = rest if "/" in rest else f"{rest}/v1"
        msg = f"The base URL {url!r} is no http address: write --mllm-url http://{whole}."
        raise ConfigError(msg)
    check_server(url or "")


def _langchain(spec: ModelSpec) -> BaseChatModel:
    from langchain.chat_models import init_chat_model

    options = spec.model_dump(exclude_none=True, exclude={"mllm", "mllm_url"})
    if spec.mllm_url:
        options["base_url"] = spec.mllm_url
    try:
        model: BaseChatModel = init_chat_model(str(spec.mllm), **options)
    except (ImportError, ValueError) as error:
        msg = (
            f"The chat model {spec.mllm!r} cannot be opened: {_first_line(error)} Use `mini`, "
            "`compat:MODEL` with --mllm-url, or `provider:model` of LangChain."
        )
        raise ConfigError(msg) from error
    except Exception as error:
        # a provider's own complaint, most often a missing key; its text names the variable
        msg = f"The chat model {spec.mllm!r} cannot be opened: {_first_line(error)}"
        raise ConfigError(msg) from error
    return model


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
