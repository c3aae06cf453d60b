"""Names of titles and people: how two spellings are found to be the same, and how catalogues sort them.

Two spellings match when their letters and digits do, whatever the case, the accents, the punctuation and a
leading article; "The Matrix", "Matrix, The" and "MATRIX" are one name.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Articles that catalogues move behind a comma, by language; those that end in an apostrophe join the next word.
ARTICLES = (
    *("the", "a", "an"),
    *("le", "la", "les", "l'", "un", "une"),
    *("der", "die", "das", "ein", "eine"),
    *("il", "lo", "i", "gli", "uno", "una"),
    *("el", "los", "las"),
    *("o", "os", "as", "um", "uma"),
    *("de", "het", "een"),
    *("den", "det", "en", "et", "ett"),
)
# A leading article is dropped in matching only where it can hardly be a word of another language.
_DROPPED = frozenset({"the", "a", "an", "le", "la", "les", "der", "die", "das", "il", "el", "los", "las"})

_MOVED = re.compile(rf"^(?P<rest>.+), (?P<article>{'|'.join(ARTICLES)})$", re.IGNORECASE)
_NOT_WORD = re.compile(r"[^\w]+|_")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\ufeff\ud800-\udfff]+")
_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
_ROMAN = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9"}


def clean(text: str) -> str:
    """The text in composed form (NFC), without control characters, with single spaces."""
    return " ".join(unicodedata.normalize("NFC", _CONTROL.sub(" ", text)).split())


def natural(name: str) -> str:
    """The name with an article that stands behind a comma put back in front.

    >>> natural("Matrix, The"), natural("Année dernière à Marienbad, L'"), natural("Run Lola Run")
    ('The Matrix', "L'Année dernière à Marienbad", 'Run Lola Run')
    """
    moved = _MOVED.match(name)
    if moved is None:
        return name
    article = moved["article"]
    return f"{article}{'' if article.endswith(chr(39)) else ' '}{moved['rest']}"


def fold(text: str) -> str:
    """Lower-case words without accents or punctuation, with single spaces.

    >>> fold("Amélie & the  WALL·E!")
    'amelie and the wall e'
    """
    if text.isascii():
        plain = text.lower()
    else:
        # Decomposed before and after: a square "㎩" holds a capital, and folding may compose again.
        folded = unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS)
        decomposed = unicodedata.normalize("NFKD", folded).casefold()
        plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(_NOT_WORD.sub(" ", plain.replace("'", "").replace("’", "").replace("&", " and ")).split())


@lru_cache(maxsize=1 << 16)
def match_name(name: str) -> str:
    """What two spellings of a name have in common; never empty.

    >>> match_name("Matrix, The") == match_name("The MATRIX") == "matrix"
    True
    >>> match_name("Rocky II") == match_name("Rocky 2")
    True
    """
    words = fold(natural(name)).split()
    if len(words) > 1 and words[0] in _DROPPED:
        words = words[1:]
    # A Roman numeral counts as one only behind a name: "I, Robot" and "IV" alone keep their letters.
    words[1:] = [_ROMAN.get(word, word) for word in words[1:]]
    return " ".join(words) or name.strip().casefold()
