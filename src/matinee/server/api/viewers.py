"""Profiles of an account. A child's profile may not change any of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from matinee.base.errors import Conflict
from matinee.catalog.records import Viewer
from matinee.server.api.session import own_viewer
from matinee.server.context import Here
from matinee.server.errors import documented
from matinee.server.session import GrownUp, SignedIn

router = APIRouter(
    prefix="/api/viewers", tags=["viewers"], responses=documented(400, 401, 403, 404, 408, 409, 413, 422, 503)
)

MOST = 20
"""Profiles of one account."""
ViewerId = Annotated[int, Path(ge=1, le=2**31 - 1)]
Name = Annotated[str, Field(min_length=1, max_length=60)]
Age = Annotated[int, Field(ge=0, le=18, description="titles for an older age are hidden")]
Language = Annotated[str, Field(max_length=35, description="BCP 47, as en or pt-BR")]
Colour = Annotated[str, Field(pattern=r"^(#[0-9a-f]{6})?$", description="of the avatar, as #c8553d")]


class NewViewer(BaseModel):
    """A profile to be made."""

    name: Name
    maturity: Age | None = None
    child: bool = False
    language: Language = ""
    avatar: Colour = ""


class ViewerChange(BaseModel):
    """What is to be different; what is left out stays."""

    name: Name | None = None
    maturity: Age | None = None
    child: bool | None = None
    language: Language | None = None
    avatar: Colour | None = None


@router.get("")
def listed(account: SignedIn, here: Here) -> list[Viewer]:
    """The profiles of the account, oldest first."""
    return here.catalog.viewers(account.id)


@router.post("", status_code=201)
def create(body: NewViewer, account: GrownUp, here: Here) -> Viewer:
    """Make a profile. A child's maturity limit is 7 unless another is given."""
    if len(here.catalog.viewers(account.id)) >= MOST:
        raise Conflict(f"An account holds {MOST} profiles.", next_step="Delete one first.")
    return here.catalog.create_viewer(account_id=account.id, **body.model_dump())


@router.get("/{viewer_id}")
def one(viewer_id: ViewerId, account: SignedIn, here: Here) -> Viewer:
    """One profile of the account."""
    return own_viewer(here, account, viewer_id)


@router.patch("/{viewer_id}")
def change(viewer_id: ViewerId, body: ViewerChange, account: GrownUp, here: Here) -> Viewer:
    """Change a profile."""
    own_viewer(here, account, viewer_id)
    changes = body.model_dump(exclude_none=True)
    viewer = here.catalog.update_viewer(viewer_id, **changes) if changes else own_viewer(here, account, viewer_id)
    here.sessions.forget()
    return viewer


@router.delete("/{viewer_id}", status_code=204)
def delete(viewer_id: ViewerId, account: GrownUp, here: Here) -> None:
    """Delete a profile. What it watched stays in the statistics, under a number that is used no more."""
    own_viewer(here, account, viewer_id)
    here.catalog.delete_viewer(viewer_id)
    here.sessions.forget()
