"""Files that lie beside a film: subtitles, pictures and NFO, told by their names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from matinee.catalog.languages import language_named
from matinee.catalog.records import AssetKind
from matinee.catalog.walking import File
from matinee.media.languages import language_tag

_VIDEO = """
.mkv .mp4 .m4v .mov .avi .webm .mpg .mpeg .ts .m2ts .mts .wmv .flv .ogv .ogm .3gp .mxf .asf .divx .vob
"""
VIDEO = frozenset(_VIDEO.split())
SUBTITLES = {".srt": "application/x-subrip", ".vtt": "text/vtt"}
PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
_POSTERS = ("poster", "folder", "cover", "movie", "show", "default")
_STILLS = ("fanart", "backdrop", "background", "art", "landscape", "thumb")
_SDH = {"sdh", "cc", "hi"}


@dataclass(frozen=True, slots=True)
class Beside:
    """A file that belongs to a title and is not the film."""

    file: File
    kind: AssetKind
    language: str = ""
    mime: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


def subtitles(files: Iterable[File], stem: str) -> list[Beside]:
    """Subtitles of the film file with this stem: ``Name.en.forced.srt``, ``Name.de.vtt``, ``Name.sdh.srt``."""
    return [
        _subtitle(file, file.stem[len(stem) :].strip(".").split("."))
        for file in files
        if file.suffix in SUBTITLES and (file.stem == stem or file.stem.startswith(stem + "."))
    ]


def subtitles_in_folder(files: Iterable[File]) -> list[Beside]:
    """Subtitles of the only film of a folder that lie in a ``Subs`` folder: ``2_English.srt``."""
    return [_subtitle(one, one.stem.replace("_", ".").split(".")) for one in files if one.suffix in SUBTITLES]


def _subtitle(file: File, marks: Sequence[str]) -> Beside:
    lower = [mark.casefold().strip() for mark in marks if mark]
    named = [language_named(mark) or _language(mark) for mark in lower]
    language = next((tag for tag, mark in zip(named, lower, strict=True) if tag and mark not in _SDH), "")
    if not language and "hi" in lower:
        language, lower = "hi", [mark for mark in lower if mark != "hi"]
    facts = {
        "path": str(file.path),
        **({"forced": True} if lower and {"forced", "foreign"} & set(lower) else {}),
        **({"hearing_impaired": True} if _SDH & set(lower) else {}),
        **({"default": True} if "default" in lower else {}),
    }
    return Beside(file, AssetKind.SUBTITLES, language, SUBTITLES[file.suffix], facts)


def _language(mark: str) -> str:
    """``en``, ``ger`` or ``pt-br`` as a tag whose region is in capitals; empty for other marks."""
    first, hyphen, rest = mark.partition("-")
    if len(first) not in (2, 3) or len(rest) > 4:
        return ""
    return language_tag(first + hyphen + (rest.upper() if len(rest) == 2 else rest.title()))


def pictures(files: Sequence[File], stems: Sequence[str], *, alone: bool, episode: bool = False) -> list[Beside]:
    """The poster and the still of a title whose film files have these stems, the best of each.

    `alone` says that the folder holds only this title, so that ``poster.jpg`` is its own. A picture with the very name
    of an episode is a still; with that of a film it is a poster.
    """
    own = {one.stem.casefold(): one for one in files if one.suffix in PICTURES}
    posters = [f"{stem}-{mark}" for stem in stems for mark in _POSTERS]
    stills = [f"{stem}-{mark}" for stem in stems for mark in _STILLS]
    (stills if episode else posters).extend(stems)
    if alone:
        posters += _POSTERS
        stills += _STILLS
    found = ((kind, _first(own, names)) for kind, names in ((AssetKind.POSTER, posters), (AssetKind.STILL, stills)))
    return [Beside(file, kind) for kind, file in found if file is not None]


def _first(own: dict[str, File], names: Iterable[str]) -> File | None:
    return next((own[name.casefold()] for name in names if name.casefold() in own), None)
