"""Where a request comes from: what kind of screen, which hour there, which language. Coarse on purpose.

A television says so in its user agent, a phone in ``Sec-CH-UA-Mobile`` or its user agent; an iPad calls itself a
Macintosh. What no header tells, the hour at the viewer's and whether the screen is touched, `site.js` puts into a
small cookie: ``matinee_here=120.t`` is two hours ahead of UTC, with touch.
"""

from __future__ import annotations

import re
from functools import lru_cache

from fastapi import Request

from matinee.learning.model import Context

COOKIE = "matinee_here"
MOST_MIN = 14 * 60
"""No clock on earth is further from UTC."""

_TV = re.compile(
    r"smart-?tv|smarttv|hbbtv|appletv|apple tv|googletv|android tv|bravia|web0s|webos|tizen.*tv|netcast|crkey|roku"
    r"|aft[a-z]|xbox|playstation|viera|philipstv|vidaa",
    re.IGNORECASE,
)
_TABLET = re.compile(r"ipad|tablet|kindle|silk/|playbook", re.IGNORECASE)
_PHONE = re.compile(r"iphone|ipod|mobile|windows phone|opera mini", re.IGNORECASE)
_DESKTOP = re.compile(r"windows nt|macintosh|x11|cros|linux", re.IGNORECASE)
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}")


def context(request: Request, now_ms: int) -> Context:
    """When and where a request was made, as models take it. Whatever is missing or odd is left out."""
    headers = request.headers
    offset_min, touch = _here(request.cookies.get(COOKIE, ""))
    kind = device(headers.get("user-agent", "")[:512], headers.get("sec-ch-ua-mobile", ""), touch=touch)
    return Context(now_ms, offset_min, kind, _language(headers.get("accept-language", "")[:200]))


@lru_cache(maxsize=1024)
def device(agent: str, mobile: str = "", *, touch: bool = False) -> str:
    """``tv``, ``tablet``, ``phone``, ``desktop``, or empty where the user agent names none of them.

    >>> device("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Safari/605.1")
    'desktop'
    >>> device("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15", touch=True)
    'tablet'
    """
    if _TV.search(agent):
        return "tv"
    # Android without the word Mobile is a tablet, by Google's own advice.
    android = "Android" in agent and "Mobile" not in agent and mobile != "?1"
    if _TABLET.search(agent) or android or (touch and "Macintosh" in agent):
        return "tablet"
    if mobile == "?1" or _PHONE.search(agent):
        return "phone"
    return "desktop" if _DESKTOP.search(agent) else ""


@lru_cache(maxsize=1024)
def _here(cookie: str) -> tuple[int, bool]:
    offset, _, touch = cookie.partition(".")
    if not re.fullmatch(r"-?[0-9]{1,3}", offset) or abs(int(offset)) > MOST_MIN:
        return 0, touch == "t"
    return int(offset), touch == "t"


@lru_cache(maxsize=1024)
def _language(accepted: str) -> str:
    """The first language that is wanted; browsers name the best first.

    >>> _language("de-CH,de;q=0.9,en;q=0.5"), _language("*"), _language("")
    ('de-CH', '', '')
    """
    first = accepted.split(",", maxsplit=1)[0].split(";", maxsplit=1)[0].strip()
    return first if _LANGUAGE.fullmatch(first) else ""
