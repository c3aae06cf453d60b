"""Languages by their English names, as tables and file names call them."""

from __future__ import annotations

_NAMED = """
arabic ar|bosnian bs|cantonese yue|chinese zh|czech cs|danish da|dari prs|dutch nl|dzongkha dz|english en|filipino fil
french fr|german de|greek el|hebrew he|hindi hi|hungarian hu|icelandic is|indonesian id|italian it|japanese ja
kannada kn|kazakh kk|korean ko|mandarin zh|maya yua|mongolian mn|norwegian no|panjabi pa|persian fa|polish pl
portuguese pt|romanian ro|russian ru|slovenian sl|spanish es|swahili sw|swedish sv|tamil ta|telugu te|thai th
turkish tr|urdu ur|vietnamese vi|zulu zu|aramaic arc
"""
_LANGUAGES = dict(one.split(" ") for one in _NAMED.strip().replace("\n", "|").split("|"))


def language_named(name: str) -> str:
    """BCP 47 tag of a language's English name; empty for what is none.

    >>> language_named("German"), language_named("Klingon")
    ('de', '')
    """
    return _LANGUAGES.get(name.strip().casefold(), "")
