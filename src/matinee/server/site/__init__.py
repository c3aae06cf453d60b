"""The site: pages for viewers and the console for operators, rendered on the server.

`router` holds every page; `error_page` draws an error for a person.
"""

from fastapi import APIRouter

from matinee.server.site.accounts import router as _accounts
from matinee.server.site.choices import router as _choices
from matinee.server.site.console import router as _console
from matinee.server.site.console_costs import router as _costs
from matinee.server.site.console_encoding import router as _encoding
from matinee.server.site.console_jobs import router as _jobs
from matinee.server.site.console_schedules import router as _schedules
from matinee.server.site.console_taste import router as _taste
from matinee.server.site.faults import error_page
from matinee.server.site.onboarding import router as _onboarding
from matinee.server.site.pages import router as _pages
from matinee.server.site.why import router as _why

router = APIRouter()
_console_parts = (_console, _taste, _encoding, _costs, _schedules, _jobs)  # jobs last: they may be called anything
for _part in (_pages, _accounts, _choices, _onboarding, _why, *_console_parts):
    router.include_router(_part)

__all__ = ["error_page", "router"]
