"""The content-addressed store: pictures and long texts, by the SHA-256 of their bytes."""

from gems_graph.images.files import Entry
from gems_graph.images.lost import LostError, needed_by
from gems_graph.images.pictures import MAX_PIXELS, NoPictureError
from gems_graph.images.store import Store

__all__ = ["MAX_PIXELS", "Entry", "LostError", "NoPictureError", "Store", "needed_by"]
