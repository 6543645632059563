"""Whether the hub has a model and can be reached, asked once: its own client asks for 30 seconds.

Where it cannot be reached, what was downloaded before is taken from the cache by its folder, as
diffusers looks there only after some kinds of failure.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

from gems_graph.errors import ConfigError
from gems_graph.settings.redaction import shortened

_INDEX = "model_index.json"
_PATIENCE = 5.0  # seconds, unless the hub's own variable says otherwise


def place_of(model: str, revision: str) -> str:
    """Return where a model is to be loaded from: itself, or the folder in the cache.

    Args:
        model: a hub id or a folder.
        revision: branch, tag or commit; empty: main.

    Raises:
        ConfigError: the hub cannot be reached, and the model was never downloaded.
    """
    if Path(model).is_dir() or not (failure := _failure(model, revision)):
        return model
    import huggingface_hub

    kept = huggingface_hub.try_to_load_from_cache(model, _INDEX, revision=revision or None)
    if isinstance(kept, str):
        return str(Path(kept).parent)
    msg = (
        f"The hub cannot be reached ({failure}), and {model!r} is not in its cache: check the "
        "network, HF_ENDPOINT and HF_HUB_OFFLINE, or set generator_options.folder to a folder "
        "with the model."
    )
    raise ConfigError(msg)


def _failure(model: str, revision: str) -> str:
    """Return why the hub cannot be reached, in words; empty: it can, or says that it has no such.

    What it says in that case is for diffusers to tell.
    """
    found: list[str] = []
    limit = float(os.environ.get("HF_HUB_ETAG_TIMEOUT") or _PATIENCE)

    def ask() -> None:
        found.append(_asked(model, revision, limit))

    asking = threading.Thread(target=ask, daemon=True)  # names are looked up without a limit
    asking.start()
    asking.join(limit)
    return found[0] if found else f"no answer in {limit:g} s"


def _asked(model: str, revision: str, limit: float) -> str:
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError

    try:
        url = huggingface_hub.hf_hub_url(model, _INDEX, revision=revision or None)
        huggingface_hub.get_hf_file_metadata(url, timeout=limit)
    except HfHubHTTPError as error:
        status = getattr(error.response, "status_code", 0)
        return f"HTTP {status}" if status >= 500 or status == 429 else ""
    except Exception as error:  # noqa: BLE001  # of whichever HTTP client it has
        return f"{type(error).__name__}: {shortened(str(error), 200)}"
    return ""
