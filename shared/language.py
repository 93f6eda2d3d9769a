"""Which language a text is in, and which of a language's words carry no meaning of their own.

Used by search_indexes.embedded_text and chat_models. A guess for a few languages and scripts, made to tell
whether a question and its passages can share words at all.
"""

import re
from collections import Counter

_FUNCTION_WORDS = {
    "en": """a about according an and any are as at be been both by can could did do does for from get give
        had has have how i if in into is it its know me my of on or our please should so some tell than that
        the their them there these they this those to us was we were what when where which who whom whose
        why will with would you your many much""",
    "de": """aber als am an auch auf aus bei bin bis bitte da das dem den der des die durch ein eine einem
        einen einer er es für gibt habe haben hat ich ihr im in ist kann können man mein mich mir mit muss
        nach nicht oder sich sie sind soll über um und uns unter viel viele vom von vor wann war was welche
        welchen welcher welches wenn wer werden wie wieviel wird wo wurde zu zum zur""",
    "fr": """a au aux avec ce ces cette combien comment dans de des du elle en est et il je la le les leur ma
        mes mon nous ou où par pas pour quand que quel quelle quelles quels qui quoi sa ses son sont sur un
        une""",
    "es": """a al como con cómo cuál cuáles cuándo cuánta cuánto cuántos de del dónde el ella en es esta este
        están hay la las lo los mi no nos o para pero por qué que quién se si sin sobre son su sus tiene un
        una uno y yo""",
    "it": """a al che chi come con cosa da dei del della delle di dove e gli ho il in la le lo mi mio nel
        nella non per quale quali quando quanto si sono un una""",
    "pt": """a ao as com como da das de do dos e ela ele em eu foi mais meu na nas no nos não o os ou para
        pelo por qual quais quando quanto que quem se são seu sua tem um uma""",
    "nl": """de een en er het hij hoe hoeveel ik in is kan met mijn niet of op te van voor waar wanneer wat we
        welke wie zijn""",
}
_WORDS_OF = {language: frozenset(words.split()) for language, words in _FUNCTION_WORDS.items()}
FUNCTION_WORDS = frozenset[str]().union(*_WORDS_OF.values())

_SCRIPTS = {
    "ja": re.compile(r"[\u3040-\u30ff]"),
    "zh": re.compile(r"[\u3400-\u9fff]"),
    "ko": re.compile(r"[\uac00-\ud7af]"),
    "ar": re.compile(r"[\u0600-\u06ff]"),
    "ru": re.compile(r"[\u0400-\u04ff]"),
    "el": re.compile(r"[\u0370-\u03ff]"),
    "he": re.compile(r"[\u0590-\u05ff]"),
    "hi": re.compile(r"[\u0900-\u097f]"),
    "th": re.compile(r"[\u0e00-\u0e7f]"),
}
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]+")


def language(text: str) -> str | None:
    """A code of two letters, of scripts with several languages one of them; None where nothing tells."""
    words = _LATIN.findall(text.casefold())
    for code, script in _SCRIPTS.items():
        # Product names and units stay Latin: a word of five letters counts as one foreign character.
        if len(script.findall(text)) > len(words):
            return code
    hits = Counter({code: sum(word in known for word in words) for code, known in _WORDS_OF.items()})
    (best, most), (_, second) = hits.most_common(2)
    return best if most > second else None


def function_words(text: str) -> frozenset[str]:
    """Those of its language; none where nothing tells which it is in."""
    return _WORDS_OF.get(language(text) or "", frozenset())
