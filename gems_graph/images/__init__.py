"""The content-addressed store: pictures and long texts, by the SHA-256 of their bytes."""

from gems_graph.images.files import Entry
from gems_graph.images.given import keep_given, keep_sent
from gems_graph.images.lost import LostError, needed_by
from gems_graph.images.pictures import MAX_PIXELS, NoPictureError
from gems_graph.images.resolution import side_for
from gems_graph.images.store import Store
from gems_graph.images.views import shown_side

__all__ = [
    "MAX_PIXELS",
    "Entry",
    "LostError",
    "NoPictureError",
    "Store",
    "keep_given",
    "keep_sent",
    "needed_by",
    "shown_side",
    "side_for",
]
