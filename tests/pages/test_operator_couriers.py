"""The couriers part of an order's page: why nobody has it yet, and the operator's own hand."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from delivery import offers
from delivery.models import Assignment, Courier
from messaging.models.incident import open_incident
from orders import lifecycle
from orders.lifecycle import Actor
from orders.models import Order
from tests import factories

from .conftest import sign_in

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def operator() -> Client:
    return sign_in(factories.make_operator())


@pytest.fixture
def order() -> Order:
    return factories.accepted_order()


@pytest.fixture
def courier() -> Courier:
    return factories.make_courier()


def panel(client: Client, order: Order, **query: str) -> str:
    answer = client.get(reverse("operator-couriers", args=[order.pk]), query, headers=HTMX)
    assert answer.status_code == 200
    return answer.content.decode()


def press(client: Client, order: Order, **body: object) -> str:
    """Press a button of the panel as it was shown: what the page saw goes along."""
    shown = client.get(reverse("operator-couriers", args=[order.pk]), headers=HTMX).context["job"]
    seen = {"held_by": shown.courier_id, "seen": shown.state} if shown else {"held_by": "", "seen": ""}
    body = {"reason": "courier_silent", **seen, **body}
    answer = client.post(reverse("operator-hand-over", args=[order.pk]), body, headers=HTMX)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_story_has_a_place_for_them(operator: Client, order: Order) -> None:
    page = operator.get(reverse("operator-story", args=[order.pk])).content.decode()
    assert reverse("operator-couriers", args=[order.pk]) in page
    assert '<option value="courier_silent">The courier does not answer</option>' in page


def test_each_courier_is_shown_with_what_keeps_them(operator: Client, order: Order, courier: Courier) -> None:
    factories.make_courier("c-02", online=False)
    page = panel(operator, order)
    assert 'data-why="next"' in page and 'data-why="offline"' in page
    assert f'id="give-{courier.pk}"' in page and page.count("Give it</button>") == 1


def test_assigning_reassigning_and_taking_back(operator: Client, order: Order, courier: Courier) -> None:
    other = factories.make_courier("c-02")
    assert "<strong>c-01</strong> has it." in press(operator, order, to=courier.pk, reason="better_placed")
    assert "<strong>c-02</strong> has it." in press(operator, order, to=other.pk)
    page = press(operator, order)
    assert "No courier yet" in page and "it was taken back from them" in page
    facts = order.history.filter(actor_role="operator").order_by("sequence").values_list("type", "reason")
    assert list(facts) == [
        ("courier.assigned", "better_placed"),
        ("courier.released", "courier_silent"),
        ("courier.assigned", "courier_silent"),
        ("courier.released", "courier_silent"),
    ]
    assert order.history.get(sequence=4).actor_id is not None


def test_the_couriers_see_it_on_their_pages(operator: Client, order: Order, courier: Courier) -> None:
    other = factories.make_courier("c-02")
    desks = [sign_in(each.user) for each in (courier, other)]

    def shown() -> list[bool]:
        pages = [desk.get(reverse("delivery:courier"), headers=HTMX).content.decode() for desk in desks]
        return [f'data-job="{order.pk}"' in page for page in pages]

    press(operator, order, to=courier.pk)
    assert shown() == [True, False]
    press(operator, order, to=other.pk)
    assert shown() == [False, True]
    press(operator, order)
    assert shown() == [False, False]


def test_what_the_operator_saw_is_not_so_any_more(operator: Client, order: Order, courier: Courier) -> None:
    other = factories.make_courier("c-02")
    offer = offers.make(order.pk, courier_id=courier.pk)
    assert offer is not None
    offers.accept(offer.pk, courier=courier)
    page = press(operator, order, to=other.pk, held_by="", seen="")
    assert "Nothing was changed: a courier has this order now." in page
    assert Assignment.objects.get(order=order, state="active").courier == courier


@pytest.mark.parametrize("body", [{"reason": "because"}, {"reason": ""}, {"to": "c-01"}, {"held_by": "x"}])
def test_nonsense_changes_nothing(operator: Client, order: Order, courier: Courier, body: dict[str, str]) -> None:
    version = Order.objects.get(pk=order.pk).version
    assert 'class="note note-error"' in press(operator, order, **{"to": courier.pk, **body})
    assert Order.objects.get(pk=order.pk).version == version


def test_unknown_couriers_and_orders_are_not_found(operator: Client, order: Order) -> None:
    url = reverse("operator-hand-over", args=[order.pk])
    assert operator.post(url, {"reason": "better_placed", "to": "999999"}).status_code == 404
    other = reverse("operator-hand-over", args=["00000000-0000-4000-8000-000000000000"])
    assert operator.post(other, {"reason": "better_placed", "to": "1"}).status_code == 404


def test_without_a_script_the_page_comes_back(operator: Client, order: Order, courier: Courier) -> None:
    url = reverse("operator-hand-over", args=[order.pk])
    answer = operator.post(url, {"reason": "better_placed", "to": courier.pk}, follow=True)
    assert answer.redirect_chain == [(reverse("operator-story", args=[order.pk]), 302)]
    Courier.objects.update(online=False)
    refused = operator.post(url, {"reason": "better_placed", "held_by": courier.pk + 1}, follow=True)
    assert "Nothing was changed" in refused.content.decode()


def test_only_operators_may(order: Order, courier: Courier) -> None:
    for user in (courier.user, order.customer, order.restaurant.user):
        client = sign_in(user)
        assert client.get(reverse("operator-couriers", args=[order.pk])).status_code == 403
        body = {"reason": "better_placed", "to": courier.pk}
        assert client.post(reverse("operator-hand-over", args=[order.pk]), body).status_code == 403
    assert not Assignment.objects.exists()


def test_thirty_at_a_time(operator: Client, order: Order) -> None:
    for number in range(33):
        factories.make_courier(f"c-{number:02}")
    assert panel(operator, order).count("<li") == 30
    assert panel(operator, order, page="2").count("<li") == 3
    assert "Page 2 of 2, 33 couriers" in panel(operator, order, page="99")


def test_an_order_that_ended_needs_nobody(operator: Client, order: Order, courier: Courier) -> None:
    lifecycle.cancel(order.pk, by=Actor("operator"), reason="test")
    page = panel(operator, order)
    assert "it needs no courier" in page and "Give it" not in page


def test_an_incident_of_an_order_leads_to_it(operator: Client, order: Order) -> None:
    open_incident("courier_silent", str(order.pk), "c-01 took it and has not come for it")
    open_incident("outbox_age", "kafka", "rows wait")
    page = operator.get(reverse("operator")).content.decode()
    assert "c-01 took it and has not come for it" in page
    assert f'href="{reverse("operator-story", args=[order.pk])}" aria-label="Its order: A courier took an order' in page
    assert "rows wait" in page
