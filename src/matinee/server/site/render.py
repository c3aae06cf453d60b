"""Templates to pages."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from fastapi import Request
from isal import igzip
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from matinee.server.context import context_of
from matinee.server.session_store import Session
from matinee.server.site import words
from matinee.server.site.views import Shell, Who
from matinee.server.static import FOLDER, StaticFiles

THEME_COOKIE = "matinee_theme"
THEMES = ("auto", "dark", "light")


@lru_cache(maxsize=8)
def _templates(static: StaticFiles) -> Environment:
    """The templates of one server, each compiled once."""
    templates = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        undefined=StrictUndefined,
    )
    templates.globals["asset"] = lru_cache(maxsize=64)(static.url)
    templates.filters.update(
        duration=words.duration, clock=words.clock, age=words.age, facts=words.facts, listing=words.listing
    )
    return templates


def render(request: Request, template: str, /, **values: Any) -> str:
    """The HTML of a template."""
    return _templates(context_of(request).static).get_template(template).render(values)


def page(
    request: Request, template: str, session: Session | None, /, *, section: str = "", status: int = 200, **values: Any
) -> HTMLResponse:
    """A page of the site. It is each viewer's own, so no shared cache may keep it.

    It is zipped here, on the thread that made it, and not by the middleware, which would hold up every other request.
    """
    html = render(request, template, shell=shell_of(request, session, section), **values).encode()
    headers = {"Cache-Control": "private, no-cache", "Vary": "Cookie, Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        html, headers["Content-Encoding"] = igzip.compress(html, 2), "gzip"
    return HTMLResponse(html, status, headers=headers)


def shell_of(request: Request, session: Session | None, section: str = "") -> Shell:
    """What stands around a page for whoever asks."""
    theme = request.cookies.get(THEME_COOKIE, "auto")
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    shell = Shell(path=path, section=section, theme=theme if theme in THEMES else "auto")
    if session is None:
        return shell
    watching = session.watching
    looking_on = session.viewing_as is not None
    return Shell(
        path=path,
        section=section,
        theme=shell.theme,
        viewer=Who.of(watching) if watching else None,
        email=session.account.email,
        operator=session.account.role == "operator" and not session.child,
        viewing_as=looking_on,
        events_from=watching.id if watching and not looking_on else None,
    )


def is_fragment(request: Request) -> bool:
    """Whether a part of a page is asked for, by htmx."""
    return "hx-request" in request.headers and request.headers.get("hx-request-type") != "full"
