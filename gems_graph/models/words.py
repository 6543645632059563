"""Yes, no and unsure in the usual languages, and what takes a yes or a no back."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

Word = Literal["yes", "no", "unsure"]


def plain_text(text: str) -> str:
    """Return a text as words are compared: full-width forms as plain ones, case folded."""
    return unicodedata.normalize("NFKC", text).casefold().replace("’", "'")


# no word that means one thing here and another there: `ne` is no in Czech and yes in Korean (네),
# `tak` yes in Polish and no in Malay, `ya` yes in Indonesian and already in Spanish
_PHRASES: dict[Word, str] = {
    "yes": "yes|true|是|是的|有|对|對|正确|肯定|肯定的|はい|ええ|ある|あります|예|네|있습니다"
    "|ja|oui|sí|sì|si|sim|да|نعم|أجل|हाँ|हां|जी हाँ|जी हां|evet|có|đúng|ใช่|כן|بله|ναι",
    "no": "no|false|否|不|不是|不是的|没有|沒有|不对|不對|错误|否定|否定的|いいえ|いや|ない"
    "|ありません|아니오|아니요|아뇨|없습니다|nein|nee|nej|nei|nie|non|não|nao|нет|ні|لا|كلا|नहीं"
    "|जी नहीं|hayır|hayir|không|không phải|ไม่|ไม่ใช่|לא|خیر|όχι",
    "unsure": "unsure|not sure|i am not sure|i'm not sure|uncertain|unclear|undetermined"
    "|indeterminate|inconclusive|cannot determine|can't determine|cannot be determined"
    "|unable to determine|i cannot determine|i can't determine|i cannot tell|i can't tell"
    "|cannot tell|can't tell|i don't know|i do not know|不确定|不確定|无法确定|無法確定"
    "|无法判断|不清楚|不知道|分からない|わからない|分かりません|わかりません|不明"
    "|확실하지 않음|확실하지 않습니다|모르겠습니다|알 수 없음|unsicher|nicht sicher|unklar"
    "|incertain|incertaine|pas sûr|je ne sais pas|no estoy seguro|no seguro|no sé|incierto"
    "|non sono sicuro|incerto|non lo so|não tenho certeza|não sei|не уверен|не знаю|неясно"
    "|غير متأكد|لا أعرف|غير واضح|अनिश्चित|पता नहीं|स्पष्ट नहीं",
}
WORDS: dict[str, Word] = {
    plain_text(phrase): word for word, phrases in _PHRASES.items() for phrase in phrases.split("|")
}
_ANY = "|".join(sorted(map(re.escape, WORDS), key=len, reverse=True))
_OPEN, _CLOSE = r"\s\"'`*_~“”‘’«»「『【()\[\]<>$#-", r"\\\"'`*_~“”‘’«»」』】)\]>$"
_LEAD = re.compile(
    rf"[{_OPEN}]{{0,40}}(?P<word>{_ANY})"
    rf"(?P<rest>[{_CLOSE}]{{0,20}}(?:[.,;:!。、}}\n]|\s+[-–—(]|\s+(?:because|since|as)\b|\s*\Z))"
)
_OPENING = re.compile(rf"[{_OPEN}]{{0,40}}(?P<word>{_ANY})(?!\w)")
_AGAINST = r"""
    no|not|\w+n['’]t|never|none|nothing|nobody|nowhere|neither|nor|cannot|without|lack\w*|missing
    |absent|fail\w*|wrong|incorrect\w*|false|untrue|hardly|barely|unsure|uncertain|unclear|unknown
    |but|however|although|though|except|unless|actually|wait|correction|maybe|perhaps|probably
    |possibly|might|guess|partial\w*|partly|almost|nearly|yet|instead|second\sthought\w*
    |nein|nicht|kein\w*|aber|jedoch|non|ne|pas|aucun\w*|mais|ni|nunca|sin|pero|ning[uú]n\w*|não|mas
    |nem|sem|ma|però|senza|nessun\w*|нет|не|но|ни|без|однако|لا|ليس|لكن|غير|नहीं|लेकिन
"""
_TAKES_BACK: dict[Word, re.Pattern[str]] = {
    "yes": re.compile(
        rf"\b(?:{_AGAINST})\b|[不没沒無无否非未但却]|可能|也许|然而|ない|いいえ|ません|しかし|でも"
        r"|아니|않|없|못|하지만|그러나|[❌✗✘🚫]",
        re.VERBOSE,
    ),
    "no": re.compile(
        r"\b(?:yes|ja|oui|sí|sì|sim|да|نعم|हाँ|wait|correction|second\sthoughts?)\b"
        r"|是的|はい|[✅✔☑]",
    ),
    "unsure": re.compile(r"\b(?:yes|oui|sí|да)\b|是的|はい|[✅✔☑]"),
}


def leading(text: str) -> tuple[Word, str] | None:
    """Return the yes, no or unsure that a text begins with, and what follows it.

    Args:
        text: as `plain_text` returns it.
    """
    if lead := _LEAD.match(text):
        return WORDS[lead["word"]], text[lead.start("rest") :]
    return None


def opening(text: str) -> Word | None:
    """Return the yes, no or unsure that is a text's first word, whatever it goes on with."""
    found = _OPENING.match(text)
    return WORDS[found["word"]] if found else None


def stands(word: Word, rest: str) -> bool:
    """Tell whether nothing in the text behind an answer takes it back, or might.

    A yes falls easily: it costs one more call, and a picture that is wrong costs the user.
    """
    return not _TAKES_BACK[word].search(rest)


def word_of(value: object) -> Word | None:
    """Return the verdict that a value is: a truth value, or text that begins with a clear one."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and (lead := leading(plain_text(value))):
        return lead[0] if stands(*lead) else None
    return None
