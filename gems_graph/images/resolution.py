"""How large a picture a criterion needs, by its words: a pure function, in a handful of languages.

What is in doubt is shown larger: an error that way costs bytes, the other way a verdict.
"""

from __future__ import annotations

import re
from functools import lru_cache

from gems_graph.settings import Settings
from gems_graph.state import Criterion, Kind

# What is read, counted or small. Numbers are counts, times or texts, each of which is looked at
# closely; "one" alone is not, as it stands for "a" as well.
_DETAIL = (
    r"[\"“”„«»「」『』]|(?<!\w)['‘][^'’]+['’](?!\w)",
    r"\d",
    r"\b(?:texts?|words?|letter(?:s|ing)?|captions?|titles?|headlines?|labels?|logos?|signs?|signage"
    r"|slogans?|inscriptions?|typography|fonts?|handwrit\w+|spell\w*|reads?|says?|written|writing"
    r"|numbers?|digits?|numerals?)\b",
    r"\b(?:exactly|precisely|how many|at least|at most|count|dozen|two|three|four|five|six|seven"
    r"|eight|nine|ten|eleven|twelve)\b",
    r"\b(?:small\w*|tiny|little|miniature|thin|distant|far away|fingers?|toes?|teeth|eyes?"
    r"|pupils?)\b",
    # Chinese, Japanese, Korean
    r"文字|字样|字母|数字|标题|标语|标志|招牌|拼写|书法|写[着有道]|書かれ|글자|글씨|문구|쓰여",
    r"正好|恰好|刚好|多少|几[个只条位]|ちょうど|いくつ|정확히|몇",
    r"[二两三四五六七八九十][个只条张把位名朵棵本辆匹头件座支枚颗双つ匹人本枚個頭羽台]",
    r"(?:두|세|네|다섯|여섯|일곱|여덟|아홉|열) ?(?:개|마리|명|송이|권|대)",
    r"微小|细小|很小|小小|较小|手指|牙齿|眼睛|小さ|指は|작은|손가락",
    # German, French, Spanish, Russian
    r"\b(?:wort|wörter|buchstabe\w*|schrift\w*|aufschrift|genau|wie viele|zwei|drei|vier|fünf|sechs"
    r"|sieben|acht|neun|zehn|klein\w*|winzig\w*)\b",
    r"\b(?:textes?|mots?|lettres?|écrit\w*|exactement|combien|deux|trois|quatre|cinq|sept|huit|neuf"
    r"|dix|petite?s?)\b",
    r"\b(?:textos?|palabras?|letras?|escrit\w+|exactamente|cuánt\w+|dos|tres|cuatro|cinco|seis|siete"
    r"|ocho|nueve|diez|pequeñ\w+)\b",
    r"\b(?:текст\w*|слов\w+|букв\w+|надпис\w+|ровно|сколько|два|две|три|четыре|пять|маленьк\w+)\b",
)
# What the whole picture shows at a glance.
_SCENE = (
    r"\b(?:style|mood|atmosphere|ambience|ambiance|palette|colou?r scheme|lighting|aesthetic"
    r"|weather(?! vane)|season|composition|genre)\b",
    r"^is (?:the|this) (?:(?:whole|entire|overall) )?(?:picture|image|scene|background|setting"
    r"|artwork|sky)\b",
    r"^does (?:the|this) (?:picture|image|scene|artwork) (?:look|feel|appear|convey|evoke)",
    r"^is it (?:\w+ ){0,2}(?:night|day|daytime|dusk|dawn|sunset|sunrise|winter|summer|autumn"
    r"|spring)\b",
    r"风格|画风|氛围|气氛|色调|配色|光线|光照|天气|季节|构图|背景[是为]|スタイル|画風|雰囲気|背景は|天気"
    r"|스타일|화풍|분위기|배경[이은]",
    r"\b(?:stil|stimmung|atmosphäre|beleuchtung|hintergrund|ambiente|éclairage|arrière-plan|estilo"
    r"|iluminación|фон|стил\w+|атмосфер\w+)\b",
)  # fmt: skip
# A glance does not tell what is absent, or shown among other things.
_NO_GLANCE = (
    r"\b(?:show\w*|contain\w*|includ\w+|depict\w*|free of|without|any|nothing|only|empty)\b"
)

_detail, _scene, _no_glance = (
    re.compile("|".join(each), re.IGNORECASE) for each in (_DETAIL, _SCENE, (_NO_GLANCE,))
)


@lru_cache(maxsize=4096)
def kind_of(question: str) -> Kind:
    """Return what a question is about: `detail`, `scene`, or an `object` like most."""
    if _detail.search(question):
        return "detail"
    return "scene" if _scene.search(question) and not _no_glance.search(question) else "object"


def side_for(criterion: Criterion, settings: Settings) -> int:
    """Return the longest side, in pixels, of the picture on which a criterion is judged.

    By the kind that it was given, else by its words; the request itself may hold anything.
    """
    whole_request = criterion["source"] == "prompt"
    kind = criterion.get("kind") or ("detail" if whole_request else kind_of(criterion["question"]))
    sides = {"detail": settings.detail_max_side, "scene": settings.scene_max_side}
    return sides.get(kind) or settings.vision_max_side
