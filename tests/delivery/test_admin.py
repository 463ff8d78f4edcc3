"""Delivery in the admin: everything can be looked up, what happened cannot be changed."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from delivery import offers
from delivery.models import Assignment, Courier, Offer, Shift
from tests import factories

from .conftest import offer_to

pytestmark = pytest.mark.django_db


@pytest.fixture
def office() -> Client:
    client = Client()
    client.force_login(factories.make_operator())
    return client


@pytest.mark.parametrize("name", ["zone", "courier", "shift", "offer", "assignment"])
def test_lists_and_pages_open(courier: Courier, office: Client, name: str) -> None:
    offer = offer_to(courier)
    offers.accept(offer.id, courier=courier)
    found = {
        "zone": "centre",
        "courier": courier.pk,
        "shift": Shift.objects.get().pk,
        "offer": offer.pk,
        "assignment": Assignment.objects.get().pk,
    }
    assert office.get(reverse(f"admin:delivery_{name}_changelist"), {"q": "c"}).status_code == 200
    assert office.get(reverse(f"admin:delivery_{name}_change", args=[found[name]])).status_code == 200


@pytest.mark.parametrize("name", ["shift", "offer", "assignment"])
def test_history_is_read_only(courier: Courier, office: Client, name: str) -> None:
    offer = offer_to(courier)
    assert office.get(reverse(f"admin:delivery_{name}_add")).status_code == 403
    answer = office.post(reverse("admin:delivery_offer_change", args=[offer.pk]), {"state": "accepted"})
    assert answer.status_code == 403
    assert Offer.objects.get().state == "open"
