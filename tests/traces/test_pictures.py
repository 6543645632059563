"""Pictures are taken out of whatever they are in; nothing else is."""

from __future__ import annotations

from gems_graph.traces.pictures import without_pictures

DATA = "A" * 4000


def test_a_picture_becomes_a_few_words_wherever_it_is() -> None:
    blocks = [
        {"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{DATA}"}},
        {"type": "image", "base64": DATA, "mime_type": "image/jpeg"},
        {"type": "image", "source": {"type": "base64", "data": DATA}},
        ({"text": f"![it](data:image/svg+xml;base64,{DATA}) and more"},),
    ]
    assert without_pictures(blocks) == [
        {"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {"url": "[picture, image/png, 3.0 kB]"}},
        {"type": "image", "base64": "[picture, 3.0 kB]", "mime_type": "image/jpeg"},
        {"type": "image", "source": {"type": "base64", "data": "[picture, 3.0 kB]"}},
        [{"text": "![it]([picture, image/svg+xml, 3.0 kB]) and more"}],
    ]


def test_words_stay_as_they_are() -> None:
    text = "data: " + "many words " * 50
    value = {"data": text, "base64": "short", "n": 5, "none": None, "text": DATA}
    assert without_pictures(value) == value
