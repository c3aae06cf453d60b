"""Accounts and viewers."""

from __future__ import annotations

import pytest
from argon2 import extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY

from matinee.base.errors import Conflict, InvalidInput, NotFound
from matinee.catalog import passwords
from matinee.catalog.audience import normal_email
from matinee.catalog.records import Role
from matinee.catalog.service import Service

PASSWORD = "a quiet evening"


def test_an_account_is_signed_in_by_its_password_only(either: Service) -> None:
    account = either.create_account(" Ada@Example.org", PASSWORD, Role.OPERATOR, 7)
    assert (account.email, account.role, account.created_ms) == ("ada@example.org", Role.OPERATOR, 7)
    assert either.check_password("ADA@example.org ", PASSWORD) == account
    assert either.check_password("ada@example.org", PASSWORD + "!") is None
    assert either.check_password("eve@example.org", PASSWORD) is None
    assert either.check_password("no address", PASSWORD) is None
    assert either.account(account.id) == either.account_of("Ada@example.org") == account
    either.set_password(account.id, "another evening")
    assert either.check_password("ada@example.org", PASSWORD) is None
    assert either.check_password("ada@example.org", "another evening") == account


def test_a_guess_costs_what_the_standard_asks_for_also_where_nobody_is_known() -> None:
    for kept in (passwords.hash_password(PASSWORD), passwords._NOBODY):
        assert extract_parameters(kept) == RFC_9106_LOW_MEMORY


def test_one_address_has_one_account(either: Service) -> None:
    either.create_account("ada@example.org", PASSWORD, Role.MEMBER, 0)
    with pytest.raises(Conflict, match=r"ada@example\.org"):
        either.create_account("Ada@example.org", PASSWORD, Role.MEMBER, 0)
    assert len(either.accounts()) == 1


@pytest.mark.parametrize(
    "email", ["", "ada", "@", "a@", "@b", "a b@c.org", "a@b@c", "a@.b", "a" * 300 + "@b.org", "a@b\0"]
)
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(InvalidInput, match="not an e-mail address"):
        normal_email(email)


@pytest.mark.parametrize("password", ["", "1234567", "x" * 1001])
def test_a_password_has_eight_characters_or_more(catalog: Service, password: str) -> None:
    with pytest.raises(InvalidInput, match="8 to 1000 characters"):
        catalog.create_account("ada@example.org", password, Role.MEMBER, 0)
    assert catalog.accounts() == []


def test_viewers_are_made_changed_and_forgotten(either: Service) -> None:
    account = either.create_account("ada@example.org", PASSWORD, Role.MEMBER, 0)
    ada = either.create_viewer("Ada", account_id=account.id, language="en")
    child = either.create_viewer("Max", account_id=account.id, child=True)
    assert (ada.maturity, child.maturity, child.child) == (18, 7, True)
    assert ada.avatar.startswith("#")
    assert either.viewers(account.id) == [ada, child]
    assert either.update_viewer(child.id, name=" Maxine ", maturity=12).name == "Maxine"
    assert either.viewer(child.id).maturity == 12
    either.delete_viewer(child.id)
    with pytest.raises(NotFound):
        either.viewer(child.id)
    assert either.create_viewer("Next").id > child.id, "an id is never given to another"


@pytest.mark.parametrize("fields", [{"name": " "}, {"name": "x" * 61}, {"maturity": 19}, {"avatar": "red"}])
def test_a_viewer_that_cannot_be_is_refused(catalog: Service, fields: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        catalog.create_viewer(**({"name": "Ada"} | fields))  # type: ignore[arg-type]


def test_imported_viewers_are_made_once_and_claimed(either: Service) -> None:
    keys = [str(n) for n in range(1, 2501)]
    found = either.viewers_for("movielens", keys, 0)
    assert list(found) == keys
    assert len(set(found.values())) == 2500
    assert either.viewers_for("movielens", [*keys, "9999", "9999"], 0).items() >= found.items()
    assert either.audience_counts()["viewers"] == 2501
    viewer = either.viewer(found["42"])
    assert (viewer.name, viewer.account_id) == ("MovieLens 42", None)
    assert either.find_viewers("movielens:42") == [viewer]
    assert either.find_viewers("lens 42", limit=1) == [viewer]
    assert either.find_viewers("100%") == []
    ada = either.create_account("ada@example.org", PASSWORD, Role.MEMBER, 0)
    eve = either.create_account("eve@example.org", PASSWORD, Role.MEMBER, 0)
    assert either.claim_viewer(viewer.id, ada.id).account_id == ada.id
    either.claim_viewer(viewer.id, ada.id)
    with pytest.raises(Conflict, match="another account"):
        either.claim_viewer(viewer.id, eve.id)


def test_sources_that_number_from_one_are_kept_apart(catalog: Service) -> None:
    small = catalog.viewers_for("movielens-100k", ["1"], 0)
    large = catalog.viewers_for("movielens-25m", ["1"], 0)
    assert small != large
    assert {viewer.id for viewer in catalog.find_viewers("movielens:1")} == {*small.values(), *large.values()}
