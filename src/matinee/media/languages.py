"""Languages as films name them: ISO 639 codes of two or three letters to BCP 47, and what a language calls itself."""

from __future__ import annotations

import re

# BCP 47, the codes of ISO 639-2 (terminological, then bibliographic where it differs), the language's own name.
_TABLE = """
af afr Afrikaans|ar ara العربية|bg bul Български|bn ben বাংলা|ca cat Català|cs ces,cze Čeština|cy cym,wel Cymraeg
da dan Dansk|de deu,ger Deutsch|el ell,gre Ελληνικά|en eng English|es spa Español|et est Eesti|eu eus,baq Euskara
fa fas,per فارسی|fi fin Suomi|fr fra,fre Français|ga gle Gaeilge|gl glg Galego|he heb עברית|hi hin हिन्दी
hr hrv Hrvatski|hu hun Magyar|hy hye,arm Հայերեն|id ind Bahasa Indonesia|is isl,ice Íslenska|it ita Italiano
ja jpn 日本語|ka kat,geo ქართული|kk kaz Қазақ тілі|ko kor 한국어|la lat Latina|lt lit Lietuvių|lv lav Latviešu
mk mkd,mac Македонски|ms msa,may Bahasa Melayu|nb nob Norsk bokmål|nl nld,dut Nederlands|nn nno Norsk nynorsk
no nor Norsk|pl pol Polski|pt por Português|ro ron,rum Română|ru rus Русский|sk slk,slo Slovenčina
sl slv Slovenščina|sq sqi,alb Shqip|sr srp Српски|sv swe Svenska|sw swa Kiswahili|ta tam தமிழ்|te tel తెలుగు
th tha ไทย|tl tgl Tagalog|tr tur Türkçe|uk ukr Українська|ur urd اردو|vi vie Tiếng Việt|zh zho,chi 中文
"""
_ROWS = [row.split(" ", 2) for row in _TABLE.replace("\n", "|").strip("|").split("|")]
_NAMES = {tag: name for tag, _, name in _ROWS}
_TAGS = {code: tag for tag, codes, _ in _ROWS for code in codes.split(",")}
_WELL_FORMED = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


def language_tag(code: str | None) -> str:
    """BCP 47 tag of a language code; empty for none, ``und`` and what is no code at all.

    >>> language_tag("ger"), language_tag("pt_BR"), language_tag("und")
    ('de', 'pt-BR', '')
    """
    tag = (code or "").strip().replace("_", "-")
    if not _WELL_FORMED.fullmatch(tag):
        return ""
    first, hyphen, rest = tag.partition("-")
    first = first.lower()
    if first in {"und", "mis", "zxx", "mul"}:
        return ""
    return _TAGS.get(first, first) + hyphen + rest


def language_name(tag: str) -> str:
    """What the language calls itself, or the tag where that is not known here.

    >>> language_name("de"), language_name("pt-BR"), language_name("")
    ('Deutsch', 'Português (BR)', 'Unknown language')
    """
    first, _, rest = tag.partition("-")
    name = _NAMES.get(first.lower(), first)
    if not name:
        return "Unknown language"
    return f"{name} ({rest})" if rest else name
