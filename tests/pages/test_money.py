"""Money on the pages: receipts, what was asked back, the ledger, and what a courier has earned."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from accounts.models import User
from orders.lifecycle import Actor
from orders.models import Order, Refund
from orders.payments import refunds, tasks
from tests import factories
from tests.orders.payments.conftest import Provider, captured_order, payment_of
from tests.orders.payments.conftest import provider as provider

from .conftest import sign_in

OPERATOR = Actor("operator", 1)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("provider")]


@pytest.fixture
def alice() -> User:
    return factories.alice()


@pytest.fixture
def customer(alice: User) -> Client:
    return sign_in(alice)


@pytest.fixture
def operator() -> Client:
    return sign_in(factories.make_operator())


def money_of(client: Client, order: Order) -> str:
    page = client.get(reverse("orders:money", args=[order.pk]))
    assert page.status_code == 200
    return page.content.decode().replace("\u202f", "")


def test_an_order_page_asks_for_its_receipt(customer: Client) -> None:
    order = factories.place_order()
    assert reverse("orders:money", args=[order.pk]) in customer.get(f"/orders/{order.pk}/").content.decode()


def test_held_then_paid_then_given_back(customer: Client) -> None:
    order = factories.ready_order()
    assert "Held on your card" in money_of(customer, order) and "€11.90" in money_of(customer, order)
    paid = captured_order()
    page = money_of(customer, paid)
    assert '<dd id="paid">€11.90</dd>' in page and "Given back" not in page
    line = paid.lines.get()
    form = {"reason": "missing", f"line-{line.pk}": "1", "note": "no soup"}
    answer = customer.post(reverse("orders:problem", args=[paid.pk]), form, follow=True)
    assert "Your money is on its way back." in answer.content.decode()
    tasks.refund(refund=str(Refund.objects.get().pk))
    page = money_of(customer, paid)
    assert '<dd id="refunded">€9.00</dd>' in page and "€2.90" in page
    assert "Something was missing: 1 × Soup" in page and 'data-refund="succeeded"' in page


def test_a_wish_that_cannot_be_granted_says_why(customer: Client) -> None:
    order = factories.ready_order()
    answer = customer.post(reverse("orders:problem", args=[order.pk]), {"reason": "late"}, follow=True)
    assert "has no money to give back" in answer.content.decode()
    assert customer.post(reverse("orders:problem", args=[order.pk]), {"reason": "goodwill"}).status_code == 404
    assert Refund.objects.count() == 0


def test_the_bank_is_one_press_away(customer: Client) -> None:
    order = factories.place_order(card="tok_3ds")
    tasks.authorise(order=str(order.id))
    page = money_of(customer, order)
    assert f'href="{payment_of(order).action_url}"'.replace("&", "&amp;") in page


def test_anothers_money_is_not_found(customer: Client) -> None:
    order = captured_order()
    charlie = sign_in(factories.charlie())
    assert charlie.get(reverse("orders:money", args=[order.pk])).status_code == 404
    assert charlie.post(reverse("orders:problem", args=[order.pk]), {"reason": "late"}).status_code == 404
    for name in ("operator-money", "operator-order-money", "operator-refund", "operator-refund-decide"):
        arguments = {"operator-money": [], "operator-refund-decide": [order.pk, "approve"]}.get(name, [order.pk])
        method = customer.get if name in ("operator-money", "operator-order-money") else customer.post
        assert method(reverse(name, args=arguments)).status_code == 403, name


def test_the_operator_gives_back_and_decides(operator: Client) -> None:
    order = captured_order()
    page = operator.get(reverse("operator-order-money", args=[order.pk])).content.decode().replace("\u202f", "")
    for words in ("Sale", "Capture", "Owed to restaurants", "€7.65", "Give money back"):
        assert words in page
    refund_url = reverse("operator-refund", args=[order.pk])
    for amount in ("x", "1.234", "-1", "1.²"):
        assert (
            "written like 4.50"
            in operator.post(refund_url, {"reason": "goodwill", "amount": amount}, follow=True).content.decode()
        )
    assert (
        "At most 11.90" in operator.post(refund_url, {"reason": "late", "amount": "12"}, follow=True).content.decode()
    )
    back = operator.post(refund_url, {"reason": "goodwill", "amount": "2,5"})
    assert back["Location"] == reverse("operator-story", args=[order.pk])
    assert [(refund.amount, refund.state) for refund in Refund.objects.all()] == [(250, "approved")]
    wish = refunds.ask(order.pk, by=Actor("customer", order.customer_id), reason="late", amount=100)
    assert wish.state == "requested"
    page = operator.get(reverse("operator-money")).content.decode()
    assert reverse("operator-refund-decide", args=[wish.pk, "approve"]) in page
    refuse = reverse("operator-refund-decide", args=[wish.pk, "refuse"])
    unsaid = operator.post(refuse, {"why": " "}, follow=True)
    assert "Nothing was changed: Say why: the customer reads it." in unsaid.content.decode()
    wish.refresh_from_db()
    assert wish.state == "requested"
    assert "It came in time" in operator.post(refuse, {"why": "It came in time"}, follow=True).content.decode()
    again = operator.post(reverse("operator-refund-decide", args=[wish.pk, "approve"]), follow=True)
    assert "decided before" in again.content.decode()
    wish.refresh_from_db()
    assert wish.state == "refused"


def test_a_refusal_is_read_by_its_customer(customer: Client, alice: User) -> None:
    order = captured_order()
    wish = refunds.ask(order.pk, by=OPERATOR, reason="late", amount=100)
    Refund.objects.filter(pk=wish.pk).update(state="requested")
    assert "delay:15s" in money_of(customer, order), "whoever is not told of the decision looks now and then"
    refunds.refuse(wish.pk, by=OPERATOR, why="It came in time")
    page = money_of(customer, order)
    assert 'data-refund="refused"' in page and "Refused: It came in time" in page and "delay:" not in page
    answer = customer.get(f"/api/orders/{order.pk}/payment").json()
    assert [(refund["state"], refund["refusal"]) for refund in answer["refunds"]] == [("refused", "It came in time")]


def test_a_card_that_would_show_the_same_is_left_alone(operator: Client) -> None:
    order = captured_order()
    for name in ("operator-order-money", "operator-actions"):
        url = reverse(name, args=[order.pk])
        stands = operator.get(url).context["stands"]
        assert operator.get(url, {"stands": stands}).status_code == 204
        assert operator.get(url, {"stands": f"{stands}?"}).status_code == 200


def test_both_columns_of_the_ledger_are_the_same(operator: Client) -> None:
    captured_order()
    page = operator.get(reverse("operator-money"))
    accounts = page.context["accounts"]
    assert sum(account.debit or 0 for account in accounts) == sum(account.credit or 0 for account in accounts) == 1190


def test_a_courier_sees_what_the_ledger_says_is_earned(provider: Provider) -> None:
    courier = factories.make_courier()
    captured_order(courier=courier.pk)
    page = sign_in(courier.user).get(reverse("delivery:courier")).content.decode().replace("\u202f", "")
    assert "Earned today €2.90 · in all €2.90" in strip_tags(page)
