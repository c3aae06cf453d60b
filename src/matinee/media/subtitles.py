"""Subtitles: SubRip and WebVTT in whatever encoding they were saved, cues checked, WebVTT out.

The text of a cue is WebVTT markup (W3C WebVTT, 2019): ``&`` and ``<`` are escaped, ``<i>``, ``<b>`` and ``<u>`` kept.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from html import unescape

from matinee.base.errors import InvalidInput
from matinee.media.time import clock, parse_clock

_TIMING = re.compile(r"\s*(\S+)\s*-->\s*(\S+)(?:\s+(.*))?")
_NUMBER = re.compile(r"\s*\d+\s*")
_OVERRIDE = re.compile(r"\{\\[^}]*\}")
_AT_THE_TOP = re.compile(r"\{\\an[789]\}")
_KEPT_TAG = re.compile(r"(</?[ibu]>)", re.IGNORECASE)
_OTHER_TAG = re.compile(r"</?(?:font|span|c|[a-z]+:[a-z]+)\b[^>]*>", re.IGNORECASE)
_ANY_TAG = re.compile(r"<(?!/?[ibu]>)[^>]*>", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|nbsp|lrm|rlm|#\d+|#x[0-9a-f]+);)", re.IGNORECASE)

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What Windows wrote in each language before UTF-8; elsewhere cp1252.
_LEGACY = {
    **dict.fromkeys(("pl", "cs", "sk", "hu", "ro", "hr", "sl", "sq"), "cp1250"),
    **dict.fromkeys(("ru", "uk", "bg", "mk", "sr"), "cp1251"),
    "el": "cp1253", "tr": "cp1254", "he": "cp1255", "ar": "cp1256", "fa": "cp1256", "vi": "cp1258", "th": "cp874",
    **dict.fromkeys(("et", "lv", "lt"), "cp1257"),
    "ja": "cp932", "zh": "gb18030", "ko": "cp949",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cue:
    """Words and the time during which they are shown."""

    start: Fraction
    end: Fraction
    text: str
    settings: str = ""
    """Position and alignment as WebVTT writes them, such as ``line:0``."""


def decode(data: bytes, language: str = "") -> str:
    """The text of a subtitle file: by its byte order mark, else UTF-8, else the old code page of its language."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return data.decode(name, "replace")
    if data[:200].count(0) > len(data[:200]) // 4:
        return data.decode("utf-16-be" if data[:1] == b"\0" else "utf-16-le", "replace")
    for name in ("utf-8", _LEGACY.get(language.partition("-")[0], "cp1252")):
        try:
            return data.decode(name)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def parse(text: str, name: str = "the subtitles") -> list[Cue]:
    """The cues of a SubRip or WebVTT file, in the order in which they stand.

    What is no cue (numbers, notes, styles) is passed over. Raises `InvalidInput` where no cue is found.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff\n ")
    vtt = text.startswith("WEBVTT")
    cues = [cue for cue in map(_cue if vtt else _srt_cue, _blocks(text.split("\n"))) if cue is not None]
    if not cues:
        raise InvalidInput(
            f"{name} cannot be read as subtitles: no line such as 00:00:01,000 --> 00:00:02,000 is in it.",
            next_step="Save it as SubRip (.srt) or WebVTT (.vtt).",
        )
    return cues


def valid(cues: Iterable[Cue], duration: Fraction) -> list[Cue]:
    """The cues that can be shown: with words, forward in time, sorted, and cut at the end of the film."""
    kept = [replace(cue, end=min(cue.end, duration)) for cue in cues if cue.text.strip() and cue.start < duration]
    return sorted((cue for cue in kept if 0 <= cue.start < cue.end), key=lambda cue: (cue.start, cue.end))


def plain(cue: Cue) -> Cue:
    """The cue with italic, bold and underlined words alone marked, well nested, and no entities but those that escape.

    >>> plain(Cue(Fraction(0), Fraction(1), "<v Ada><i>Oh&nbsp;no</i> &lt;3")).text
    '<i>Oh\\xa0no</i> &lt;3'
    """
    made: list[str] = []
    inside: list[str] = []
    for part in _KEPT_TAG.split(_ANY_TAG.sub("", cue.text)):
        if not _KEPT_TAG.fullmatch(part):
            made.append(_written(unescape(part)))
        elif not part.startswith("</"):
            inside.append(part[1].lower())
            made.append(f"<{inside[-1]}>")
        elif part[2].lower() in inside:
            made += _closed(inside, inside.index(part[2].lower()))
    lines = "".join([*made, *_closed(inside, 0)]).split("\n")
    return replace(cue, text="\n".join(line for line in lines if line.strip()))


def _closed(inside: list[str], down_to: int) -> list[str]:
    """The end of what was begun and not ended, innermost first, and taken off the list."""
    ends = [f"</{name}>" for name in reversed(inside[down_to:])]
    del inside[down_to:]
    return ends


def _written(words: str) -> str:
    return _CONTROL.sub("", words).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def write_vtt(cues: Sequence[Cue], header: str = "") -> str:
    """A WebVTT file, with a line of metadata where `header` is given.

    >>> print(write_vtt([Cue(Fraction(1), Fraction(5, 2), "Hello.")]))
    WEBVTT
    <BLANKLINE>
    00:00:01.000 --> 00:00:02.500
    Hello.
    <BLANKLINE>
    """
    blocks = (f"{clock(cue.start)} --> {clock(cue.end)} {cue.settings}".rstrip() + f"\n{cue.text}\n" for cue in cues)
    return "\n".join([f"WEBVTT\n{header}".rstrip() + "\n", *blocks])


def _blocks(lines: Sequence[str]) -> list[list[str]]:
    """Each timing line with the lines of text under it, also where the blank line between cues is missing."""
    blocks: list[list[str]] = []
    block: list[str] | None = None
    for i, line in enumerate(lines):
        if _TIMING.fullmatch(line):
            block = [line]
            blocks.append(block)
        elif not line.strip():
            # Sloppy SubRip has blank lines inside a cue's timing and text; a text does not begin with one.
            block = block if block is not None and len(block) == 1 and blocks[-1] is block else None
        elif block is not None and not _numbers_next(lines, i):
            block.append(line.strip())
    return blocks


def _numbers_next(lines: Sequence[str], i: int) -> bool:
    """Whether line `i` is the number above the next cue rather than words."""
    return bool(_NUMBER.fullmatch(lines[i])) and i + 1 < len(lines) and bool(_TIMING.fullmatch(lines[i + 1]))


def _cue(block: Sequence[str]) -> Cue | None:
    found = _TIMING.fullmatch(block[0])
    if found is None:
        return None
    try:
        start, end = parse_clock(found[1]), parse_clock(found[2])
    except InvalidInput:
        return None
    return Cue(start, end, "\n".join(block[1:]), (found[3] or "").strip())


def _srt_cue(block: Sequence[str]) -> Cue | None:
    cue = _cue(block)
    if cue is None:
        return None
    settings = "line:0" if _AT_THE_TOP.search(cue.text) else ""
    text = _OTHER_TAG.sub("", _OVERRIDE.sub("", cue.text))
    return replace(cue, settings=settings, text="".join(map(_escaped, _KEPT_TAG.split(text))))


def _escaped(part: str) -> str:
    return part.lower() if _KEPT_TAG.fullmatch(part) else escaped(part)


def escaped(words: str) -> str:
    """Plain words as the text of a cue.

    >>> escaped("Nuts & bolts <1>")
    'Nuts &amp; bolts &lt;1&gt;'
    """
    return _ENTITY.sub("&amp;", words).replace("<", "&lt;").replace(">", "&gt;")
