"""Screens, hours and languages, as real browsers tell them."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from matinee.learning.model import Context
from matinee.server.device import context, device

WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
BLINK = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "kind"),
    [
        (f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) {WEBKIT} Version/17.5 Mobile/15E148", "phone"),
        (f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {BLINK} Chrome/126.0 Mobile Safari/537.36", "phone"),
        (f"Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) {WEBKIT} Version/12.1 Mobile/15E148", "tablet"),
        (f"Mozilla/5.0 (Linux; Android 13; SM-X700) {BLINK} Chrome/126.0 Safari/537.36", "tablet"),
        (f"Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) {BLINK} Version/6.0 TV Safari/537.36", "tv"),
        (f"Mozilla/5.0 (Web0S; Linux/SmartTV) {BLINK} Chrome/94.0 Safari/537.36", "tv"),
        (f"Mozilla/5.0 (Linux; Android 9; AFTMM) {BLINK} Silk/126.1 like Chrome/126.0 Safari/537.36", "tv"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {BLINK} Chrome/126.0 Safari/537.36", "desktop"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "desktop"),
        ("python-httpx/0.28.1", ""),
        ("", ""),
    ],
)
def test_a_screen_is_told_by_its_user_agent(agent: str, kind: str) -> None:
    assert device(agent) == kind


def test_the_hint_of_a_phone_outweighs_a_silent_user_agent() -> None:
    assert device(f"Mozilla/5.0 (Linux; Android 10; K) {BLINK} Chrome/126.0 Safari/537.36", "?1") == "phone"


def asked(cookie: str = "", language: str = "", agent: str = "") -> Context:
    headers = {"cookie": cookie, "accept-language": language, "user-agent": agent}
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items() if value]
    return context(Request({"type": "http", "headers": raw}), 1_700_000_000_000)


def test_the_hour_comes_from_the_cookie() -> None:
    found = asked("matinee_here=-210.t", "pt-BR,pt;q=0.8", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)")
    assert found == Context(1_700_000_000_000, -210, "tablet", "pt-BR")


@pytest.mark.parametrize(
    "cookie", ["", "matinee_here=", "matinee_here=9999", "matinee_here=-841", "matinee_here=1e3.t"]
)
def test_what_cannot_be_an_hour_is_left_out(cookie: str) -> None:
    assert asked(cookie, language="*;q=0.1").utc_offset_min == 0
    assert asked(cookie, language="<script>").language == ""
