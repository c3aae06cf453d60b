"""NFO files: what Kodi, Jellyfin and others write beside a film, as XML, as an address, or as both.

They come with films from strangers, so document types and entities are refused (CWE-611, CWE-776), not expanded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree as SafeTree
from defusedxml import DefusedXmlException

from matinee.base.errors import InvalidInput
from matinee.catalog.genres import genres
from matinee.catalog.maturity import maturity
from matinee.catalog.names import clean
from matinee.catalog.records import CreditDraft, ExternalId
from matinee.catalog.rows import minutes, year_of
from matinee.catalog.texts import decode
from matinee.media.languages import language_tag

LARGEST = 2 << 20
_ROOTS = {"movie": "film", "tvshow": "series", "episodedetails": "episode", "season": "season", "video": "film"}
_ROOT = re.compile(rf"<({'|'.join(_ROOTS)})[\s>/]", re.IGNORECASE)
_DECLARATION = re.compile(r"<\?xml[^>]*\?>")
_ADDRESSES = (
    (re.compile(r"imdb\.com/(?:\w+/)*title/(tt\d{7,9})", re.IGNORECASE), "imdb"),
    (re.compile(r"themoviedb\.org/movie/(\d+)", re.IGNORECASE), "tmdb"),
    (re.compile(r"themoviedb\.org/tv/(\d+)", re.IGNORECASE), "tmdb-tv"),
    (re.compile(r"thetvdb\.com/\S*?(?:[?&]id=|series/)(\d+)", re.IGNORECASE), "tvdb-tv"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Nfo:
    """What one NFO says of one film, series or episode. Blank where it says nothing."""

    root: str
    """``film``, ``series``, ``season``, ``episode``, or ``address`` where it is only links."""
    name: str = ""
    original_name: str = ""
    year: int | None = None
    synopsis: str = ""
    tagline: str = ""
    mood: str = ""
    runtime_s: float | None = None
    language: str = ""
    maturity: int | None = None
    genres: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    ids: tuple[ExternalId, ...] = ()
    credits: tuple[CreditDraft, ...] = ()
    season: int | None = None
    episode: int | None = None


def parse(data: bytes, name: str) -> list[Nfo]:
    """What an NFO file says: one entry, or one for each episode of a file that holds several.

    Raises `InvalidInput` for what is too large, no NFO, not well-formed, or carries entities; `name` is what the
    message calls it.
    """
    if len(data) > LARGEST:
        raise _wrong(name, f"is larger than {LARGEST >> 20} MiB")
    text = decode(data, name).strip()
    if not text:
        raise _wrong(name, "is empty")
    root = _ROOT.search(text) if text.startswith("<") else None
    if root is None:
        addresses = _addresses(text)
        if addresses and not text.startswith("<"):
            return [Nfo(root="address", ids=addresses)]
        _element(text, name)  # says what is wrong with it, if it is wrong as XML
        raise _wrong(name, "is no NFO of a film, series or episode")
    # Several episodes stand one behind the other, and addresses behind the last.
    ends = [one.end() for one in re.finditer(rf"</{root[1]}\s*>", text, re.IGNORECASE)] or [len(text)]
    parts = [text[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    return [_nfo(_element(part, name), _addresses(text[ends[-1] :])) for part in parts]


def _addresses(outside: str) -> tuple[ExternalId, ...]:
    return tuple(
        ExternalId(source=source, key=found[1].lower())
        for pattern, source in _ADDRESSES
        if (found := pattern.search(outside))
    )


def _element(text: str, name: str) -> Element:
    # Already decoded: what the declaration says of the encoding no longer holds.
    body = _DECLARATION.sub("", text, count=1).strip()
    try:
        found: Element = SafeTree.fromstring(body, forbid_dtd=False, forbid_entities=True, forbid_external=True)
    except DefusedXmlException:
        raise _wrong(
            name, "declares XML entities, which are refused: they can read files and fill the memory"
        ) from None
    except ParseError as error:
        raise _wrong(name, f"is not well-formed XML ({error})") from None
    except (ValueError, RecursionError) as error:
        raise _wrong(name, f"cannot be read as XML ({error})") from None
    return found


def _wrong(name: str, what: str) -> InvalidInput:
    return InvalidInput(f"{name} {what}.", next_step="Mend or remove it; its film is catalogued by its file name.")


def _nfo(root: Element, addresses: tuple[ExternalId, ...]) -> Nfo:
    kind = _ROOTS.get(root.tag.lower(), "film")
    return Nfo(
        root=kind,
        name=_text(root, "title"),
        original_name=_text(root, "originaltitle"),
        year=year_of(_text(root, "year") or _text(root, "premiered") or _text(root, "releasedate")),
        synopsis=_text(root, "plot") or _text(root, "outline"),
        tagline=_text(root, "tagline"),
        mood=_text(root, "mood"),
        runtime_s=minutes(re.sub(r"\s*min.*$", "", _text(root, "runtime"))),
        language=language_tag(_text(root, "language")),
        maturity=_maturity(root),
        genres=genres(_split(root, "genre")),
        keywords=tuple(dict.fromkeys([*_split(root, "tag"), *_split(root, "keyword")])),
        ids=tuple(dict.fromkeys([*_ids(root, kind), *addresses])),
        credits=tuple(_credits(root)),
        season=_number(root, "season"),
        episode=_number(root, "episode"),
    )


def _text(root: Element, tag: str) -> str:
    return clean(root.findtext(tag) or "")


def _split(root: Element, tag: str) -> list[str]:
    """Texts of all elements of a tag; Kodi once wrote several into one, with slashes between."""
    found = (part for one in root.iterfind(tag) for part in (one.text or "").split(" / "))
    return [clean(part) for part in found if clean(part)]


def _number(root: Element, tag: str) -> int | None:
    text = _text(root, tag)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else None


def _maturity(root: Element) -> int | None:
    ages = (maturity(_text(root, tag)) for tag in ("mpaa", "customrating", "certification"))
    return next((age for age in ages if age is not None), None)


def _ids(root: Element, kind: str) -> list[ExternalId]:
    found = [(one.get("type", ""), one.text or "") for one in root.iterfind("uniqueid")]
    for source in ("imdb", "tmdb", "tvdb"):
        found += [(source, _text(root, f"{source}id")), (source, _text(root, f"{source}_id"))]
    found += [("imdb", _text(root, "id")), ("imdb", _text(root, "imdb"))]
    named = []
    for source, key in ((clean(source).lower(), clean(key).lower()) for source, key in found):
        pattern = {"imdb": r"tt\d{7,9}", "tmdb": r"[1-9]\d{0,9}", "tvdb": r"[1-9]\d{0,9}"}.get(source)
        if pattern and re.fullmatch(pattern, key, re.ASCII):
            apart = source != "imdb" and kind != "film"
            named.append(ExternalId(source=f"{source}-{_COUNTED[kind]}" if apart else source, key=key))
    return named


_COUNTED = {"series": "tv", "season": "season", "episode": "episode"}
"""All but IMDb count films, series, seasons and episodes each from 1."""


_CREW = (("director", "director"), ("writer", "credits"), ("writer", "writer"), ("composer", "composer"))


def _credits(root: Element) -> list[CreditDraft]:
    parts: dict[tuple[str, str], CreditDraft] = {}
    for role, tag in _CREW:
        for at, name in enumerate(_split(root, tag)):
            parts.setdefault((name, role), CreditDraft(name=name, role=role, position=at))
    for at, one in enumerate(root.iterfind("actor")):
        name = _text(one, "name")
        if name:
            order = _number(one, "order")
            credit = CreditDraft(
                name=name, role="actor", character=_text(one, "role"), position=at if order is None else order
            )
            parts.setdefault((name, "actor"), credit)
    return list(parts.values())
