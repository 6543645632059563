"""How large a picture a criterion is judged on: by its words, in a handful of languages."""

from __future__ import annotations

from typing import Any

import pytest

from gems_graph.images import side_for
from gems_graph.images.resolution import kind_of
from gems_graph.settings import Settings

DETAIL = [
    'Does the sign read "FRESH BREWS"?',
    "Is the word 'OPEN' written on the door?",
    "Is the text on the poster legible?",
    "Is there a logo on the cap?",
    "Are there exactly three cats?",
    "Are there five birds on the wire?",
    "Is every one of the five cats spotted?",
    "Does the clock show 10:45?",
    "Is there a small key on the table?",
    "Is there a tiny bird in the background?",
    "Does the hand have all its fingers?",
    "Are the cat's eyes green?",
    "Is the headline at the top of the picture?",
    "Is the style of the lettering art deco?",  # text outweighs style
    "图中是否正好有三只猫？",
    "招牌上是否写着“开放”？",
    "图中有五朵花吗？",
    "桌上有一把很小的钥匙吗？",
    "看板に「営業中」と書かれていますか？",
    "猫はちょうど三匹いますか？",
    "고양이가 정확히 세 마리 있나요?",
    "간판에 글씨가 있나요?",
    "Sind genau drei Katzen zu sehen?",
    "Steht auf dem Schild „Offen“?",
    "Y a-t-il exactement deux chiens ?",
    "Le texte est-il lisible ?",
    "¿Hay exactamente cuatro manzanas?",
    "¿Es legible el texto del cartel?",
    "На картинке ровно две кошки?",
]
SCENE = [
    "Is the picture in the style of a watercolour?",
    "Is it an impressionist style?",
    "Is the mood melancholic?",
    "Is the background plain white?",
    "Is the scene set in a forest?",
    "Is it night?",
    "Is it a rainy day?",
    "Is the lighting warm?",
    "Is the whole image black and white?",
    "Does the image look like an oil painting?",
    "画面是水彩风格吗？",
    "背景是白色的吗？",
    "画面的氛围是否忧郁？",
    "水彩画のスタイルですか？",
    "수채화 스타일인가요?",
    "Ist der Stil impressionistisch?",
    "L'ambiance est-elle mélancolique ?",
    "¿Es el estilo impresionista?",
    "Картина в стиле импрессионизма?",
]
OBJECT = [
    "Is there a cat?",
    "Is the cat orange?",
    "Is the cat left of the dog?",
    "Is there a cat in the background?",  # a thing, wherever it is
    "Does the picture show a red bicycle?",
    "Does the image contain a wooden bench?",
    "Is the background free of people?",
    "Is the picture without any cars?",
    "Is the man holding an umbrella?",
    "Is there a painting on the wall?",
    "Is there a weather vane on the roof?",
    "Is one of the cups blue?",
    "图中有一只猫吗？",
    "猫在狗的左边吗？",
    "猫は犬の左にいますか？",
    "고양이가 있나요?",
    "Ist die Katze links vom Hund?",
    "Le chat est-il orange ?",
    "¿Hay un gato?",
    "",
]


@pytest.mark.parametrize(
    ("question", "kind"),
    [(q, k) for k, qs in (("detail", DETAIL), ("scene", SCENE), ("object", OBJECT)) for q in qs],
)
def test_the_words_of_a_criterion_tell_what_it_is_about(question: str, kind: str) -> None:
    assert kind_of(question) == kind


def side(source: str = "decomposer", question: str = "Is there a cat?", **more: Any) -> int:
    dials = {k: more.pop(k) for k in ("detail_max_side", "scene_max_side") if k in more}
    settings = Settings(vision_max_side=500, **dials)
    return side_for({"question": question, "source": source, **more}, settings)  # type: ignore[typeddict-item]


def test_each_kind_has_its_dial() -> None:
    asked = ["Is there a cat?", "Are there two cats?", "Is the mood calm?"]
    assert [side(question=q) for q in asked] == [500, 1024, 384]
    same = [side(question=q, detail_max_side=None, scene_max_side=None) for q in asked]
    assert same == [500] * 3


def test_a_kind_that_was_given_counts_more_than_words() -> None:
    assert side(kind="scene", question="Are there two cats?") == 384
    assert side(kind="object", question="Are there two cats?") == 500


def test_the_request_as_a_criterion_may_hold_anything() -> None:
    assert side("prompt") == 1024
