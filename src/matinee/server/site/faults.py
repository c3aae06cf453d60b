"""Pages for what went wrong."""

from __future__ import annotations

from html import escape

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from matinee.server.site.render import is_fragment, page

_HEADINGS = {
    401: "You are not signed in",
    403: "This door is closed",
    404: "Nothing is showing here",
    409: "That does not fit together",
    422: "That was not understood",
    429: "A little slower, please",
    503: "The projector has stopped",
}


def error_page(request: Request, status: int, message: str, next_step: str) -> Response:
    """An error in words: a page, or for htmx a notice at the foot of the page that stays."""
    if is_fragment(request):
        notice = f"<p>{escape(message)} {escape(next_step)}</p>"
        return HTMLResponse(notice, status, headers={"HX-Retarget": "#toast", "HX-Reswap": "innerHTML"})
    heading = _HEADINGS.get(status, "Something went wrong" if status >= 500 else "That did not work")
    return page(
        request, "error.html", None, status=status, code=status, heading=heading, message=message, next_step=next_step
    )
