"""Saved doors: several, one of them chosen beforehand, and none that an order went to is ever rewritten."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts import addresses
from accounts.models import Address, User
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return factories.alice()


@pytest.fixture
def browser(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


def form(**changes: Any) -> dict[str, Any]:
    return {"line": "9 New Street", "latitude": "48.21", "longitude": "16.37", "label": "Work"} | changes


def lines(user: User) -> list[str]:
    return [address.line for address in addresses.saved(user)]


def test_a_door_is_saved_and_chosen_beforehand(alice: User, browser: Client) -> None:
    assert browser.post(reverse("addresses"), form(instructions="Bell 3", default="on")).status_code == 302
    assert lines(alice) == ["9 New Street", "alice's door"]
    browser.post(reverse("address-default", args=[alice.addresses.get(line="alice's door").pk]))
    assert lines(alice) == ["alice's door", "9 New Street"]
    page = browser.get(reverse("addresses")).content.decode()
    assert "Work" in page and "Bell 3" in page and "Chosen beforehand" in page


@pytest.mark.parametrize("changes", [{"line": " "}, {"latitude": "91"}, {"longitude": "x"}, {"latitude": "nan"}])
def test_a_senseless_door_is_not_saved(alice: User, browser: Client, changes: dict[str, str]) -> None:
    answer = browser.post(reverse("addresses"), form(**changes))
    assert answer.status_code == 422 and 'class="error"' in answer.content.decode()
    assert lines(alice) == ["alice's door"]


def test_a_changed_door_leaves_the_one_that_an_order_went_to(alice: User, browser: Client) -> None:
    # given
    order = factories.place_order(alice)
    old = order.address
    # when
    browser.post(reverse("address", args=[old.pk]), form(line="2 Other Street"))
    # then
    order.refresh_from_db()
    assert order.address.line == old.line == "1 Test Lane"
    assert lines(alice) == ["2 Other Street", "alice's door"]
    # a second press in an old window finds nothing to change
    assert browser.post(reverse("address", args=[old.pk]), form()).status_code == 404


def test_a_removed_door_is_offered_no_more(alice: User, browser: Client) -> None:
    order = factories.place_order(alice)
    url = reverse("address-remove", args=[order.address_id])
    assert [browser.post(url).status_code for _ in range(2)] == [302, 404]
    assert lines(alice) == ["alice's door"]
    assert Address.objects.filter(pk=order.address_id).exists()
    # and ordering to it anew saves it anew
    assert factories.place_order(alice).address_id != order.address_id
    assert "1 Test Lane" in lines(alice)


def test_anothers_door_does_not_exist(alice: User, browser: Client) -> None:
    foreign = factories.bob().addresses.get()
    for name in ("address", "address-default", "address-remove"):
        assert browser.post(reverse(name, args=[foreign.pk]), form()).status_code == 404
    foreign.refresh_from_db()
    assert (foreign.removed, foreign.is_default) == (False, False)


def test_the_database_allows_one_default_and_no_removed_one(alice: User) -> None:
    addresses.save(by=alice, line="a", latitude=0, longitude=0, default=True)
    for strange in ({"line": "b", "is_default": True}, {"line": "c", "is_default": True, "removed": True}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Address.objects.create(user=alice, latitude=0, longitude=0, **strange)
