"""The site: pages for viewers and the console for operators, rendered on the server.

`router` holds every page; `error_page` draws an error for a person.
"""

from fastapi import APIRouter

from matinee.server.site import accounts, choices, console, pages
from matinee.server.site.faults import error_page

router = APIRouter()
for _part in (pages, accounts, choices, console):
    router.include_router(_part.router)

__all__ = ["error_page", "router"]
