"""The key of a server: the user's own for image servers, else that of its provider."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from gems_graph.errors import ConfigError
from gems_graph.settings.credentials import key_in
from gems_graph.settings.redaction import remember_secret

OWN_KEY = "GEMS_GENERATOR_KEY"
_KEYS = {
    "api.openai.com": ("OPENAI_API_KEY",),
    "openrouter.ai": ("OPENROUTER_API_KEY",),
    "api.together.xyz": ("TOGETHER_API_KEY",),
    "api.together.ai": ("TOGETHER_API_KEY",),
    "api.x.ai": ("XAI_API_KEY",),
    "api.deepinfra.com": ("DEEPINFRA_API_KEY", "DEEPINFRA_TOKEN"),
    "generativelanguage.googleapis.com": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
}
"""The variables that a provider's own key is read from; it is sent to that provider alone."""


def variable_of(url: str) -> str:
    """Return the environment variable that the key of a server is read from."""
    provider = _KEYS.get(urlsplit(url).hostname or "", ())
    own = bool(os.environ.get(OWN_KEY, "").strip()) or not provider
    return OWN_KEY if own else provider[0]


def key_header(url: str, header: str, scheme: str) -> dict[str, str]:
    """Return the key of a server as a header; empty where none is set and none is needed.

    Args:
        url: of the server; a provider's own key is sent to that provider alone.
        header: that it is sent in.
        scheme: before the key, unless that has one of its own.

    Raises:
        ConfigError: the provider wants a key, or it is none that HTTP can send.
    """
    provider = _KEYS.get(urlsplit(url).hostname or "", ())
    key = next((key for name in (OWN_KEY, *provider) if (key := key_in(name))), "")
    if provider and not key:
        msg = f"{urlsplit(url).hostname} wants a key: set {provider[0]} or {OWN_KEY}."
        raise ConfigError(msg)
    if not key:
        return {}
    return {header: remember_secret(key if " " in key else f"{scheme}{key}")}
