"""From the name of a place to what reads and writes there."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from gems_graph.images.files import Files
from gems_graph.images.folder import Folder


def files_at(place: str | Path) -> Files:
    """Return the files of a local folder, or those at an fsspec URL.

    Raises:
        ConfigError: the URL's protocol is unknown, or its package is missing.
        StoreError: the URL's server cannot be reached.
    """
    name = str(place)
    if "://" not in name:
        return Folder(Path(place))
    if name.startswith("file://"):
        return Folder(Path(url2pathname(urlsplit(name).path)))
    from gems_graph.images.remote import Remote  # fsspec takes 0.3 s to import

    return Remote(name)
