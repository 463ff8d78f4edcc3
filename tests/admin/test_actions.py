"""What the admin lets people do: asked for twice, with a reason that is kept, through the verb that writes the fact."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.admin.models import LogEntry
from django.db.models import F, Model
from django.test import Client
from django.urls import reverse

from accounts.models import User
from delivery import offers
from delivery.models import Courier
from messaging.models import Incident, OutboxRow
from messaging.models.incident import open_incident
from notifications.models import Notice
from orders.lifecycle import Actor
from orders.models import MenuItem, Order, Payment, Refund, Restaurant
from orders.payments import refunds
from tests import factories
from tests.admin.walk import name_of
from tests.delivery.conftest import offer_to

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(factories.make_operator())
    return client


def press(client: Client, row: Model, action: str, *, why: str = "it was asked for") -> str:
    """Ask, look at the question, and confirm; what the next page says."""
    address = reverse(f"{name_of(type(row))}_changelist")
    data: dict[str, Any] = {"action": action, "_selected_action": [str(row.pk)]}
    question = client.post(address, data)
    assert question.status_code == 200 and 'name="reason"' in question.content.decode()
    return client.post(address, data | {"confirmed": "yes", "reason": why}, follow=True).content.decode()


def facts(type_: str) -> int:
    return OutboxRow.objects.filter(type=type_).count()


def log() -> list[str]:
    return list(LogEntry.objects.order_by("id").values_list("change_message", flat=True))


def test_a_restaurant_is_paused_and_resumed_with_its_events(boss: Client) -> None:
    shop = factories.make_restaurant()
    assert "takes no more orders" in press(boss, shop, "pause_restaurants", why="water in the kitchen")
    assert "paused already" in press(boss, shop, "pause_restaurants")
    shop.refresh_from_db()
    assert (shop.paused, facts("restaurant.paused")) == (True, 1)
    assert "takes orders again" in press(boss, shop, "resume_restaurants", why="dry again")
    assert (Restaurant.objects.get().paused, facts("restaurant.resumed")) == (False, 1)
    assert log() == [
        "Pause: takes no more orders. Reason: water in the kitchen",
        "Resume: takes orders again. Reason: dry again",
    ]


def test_a_dish_is_sold_out_and_put_back(boss: Client) -> None:
    factories.make_restaurant()
    soup = MenuItem.objects.get(name="Soup")
    press(boss, soup, "sell_out")
    soup.refresh_from_db()
    assert (soup.sold_out, facts("restaurant.item_sold_out")) == (True, 1)
    press(boss, soup, "put_back")
    soup.refresh_from_db()
    assert (soup.sold_out, facts("restaurant.item_available")) == (False, 1)


def test_a_courier_goes_offline_but_not_with_an_order_in_the_bag(boss: Client) -> None:
    courier = factories.make_courier()
    order = factories.accepted_order()
    offers.accept(offer_to(courier, order).id, courier=courier)
    assert "deliver it first" in press(boss, courier, "take_offline")
    assert Courier.objects.get().online and log() == []

    idle = factories.make_courier("c-02")
    assert "goes on to the next courier" in press(boss, idle, "take_offline", why="bike broken")
    assert not Courier.objects.get(pk=idle.pk).online
    assert facts("courier.offline") == 1
    assert log() == ["Take offline: offline; an open offer goes on to the next courier. Reason: bike broken"]


def test_an_order_is_cancelled_with_its_reason_in_its_history(boss: Client) -> None:
    order = factories.paid_order()
    assert "cancelled" in press(boss, order, "cancel_orders", why="the street is closed")
    last = Order.objects.get().history.order_by("-sequence")[0]
    assert (last.new_status, last.actor_role, last.reason) == ("cancelled", "operator", "the street is closed")
    before = order.history.count()
    press(boss, order, "cancel_orders")
    assert order.history.count() == before and len(log()) == 1


def test_refunds_are_decided_once(boss: Client) -> None:
    order = factories.paid_order()
    Payment.objects.update(state="captured", captured=F("amount"))
    customer = Actor("customer", order.customer_id)
    refunds.ask(order.pk, by=customer, reason="missing", amount=1)
    asked = refunds.ask(order.pk, by=customer, reason="wrong", amount=100)
    assert asked.state == "requested"
    assert "on its way" in press(boss, asked, "approve_refunds", why="the photo shows it")
    assert "decided before" in press(boss, asked, "refuse_refunds")
    assert Refund.objects.get(pk=asked.pk).state == "approved"
    assert "goes back" in press(boss, order.payment, "give_back", why="a bad evening")
    last = Refund.objects.get(amount=1190 - 101)
    assert (last.state, last.reason, last.note) == ("approved", "goodwill", "a bad evening")
    assert "is given back, or on its way" in press(boss, order.payment, "give_back")


def test_money_that_was_not_taken_is_not_given_back(boss: Client) -> None:
    payment = factories.paid_order().payment
    assert "no money to give back" in press(boss, payment, "give_back")
    assert not Refund.objects.exists() and log() == []


def test_an_incident_is_taken_up_and_ended(boss: Client) -> None:
    open_incident("outbox_age", "kafka", "12 messages wait")
    incident = Incident.objects.get()
    press(boss, incident, "acknowledge_incidents")
    assert "looks after it already" in press(boss, incident, "acknowledge_incidents")
    press(boss, incident, "resolve_incidents")
    incident.refresh_from_db()
    me = User.objects.get(username="operator").pk
    assert (incident.acknowledged_by, incident.resolved_by) == (me, me)


def test_an_account_is_blocked_and_restored(boss: Client) -> None:
    alice = factories.alice()
    hers = Client()
    hers.force_login(alice)
    assert hers.get(reverse("orders:mine")).status_code == 200
    press(boss, alice, "block_accounts", why="somebody else orders with it")
    assert hers.get(reverse("orders:mine")).status_code == 302
    press(boss, alice, "restore_accounts")
    assert hers.get(reverse("orders:mine")).status_code == 200
    assert log()[0] == "Block: blocked. Reason: somebody else orders with it"


def test_nobody_blocks_themselves_and_the_erased_are_not_restored(boss: Client) -> None:
    me = User.objects.get(username="operator")
    assert "your own account" in press(boss, me, "block_accounts")
    assert User.objects.get(pk=me.pk).is_active
    alice = factories.alice()
    press(boss, alice, "erase_accounts")
    alice.refresh_from_db()
    assert alice.username == f"erased-{alice.pk}"
    assert "nobody to let in" in press(boss, alice, "restore_accounts")
    assert not User.objects.get(pk=alice.pk).is_active


def test_a_lost_second_factor_is_removed_by_a_superuser(boss: Client) -> None:
    looker = factories.make_operator("looker")
    Authenticator.objects.create(user=looker, type="totp", data={"secret": "JBSWY3DPEHPK3PXP"})
    press(boss, looker, "forget_factors", why="phone in the river, she came by")
    assert not Authenticator.objects.exists()
    assert "has no second factor" in press(boss, looker, "forget_factors")


def test_a_notice_is_sent_again_once(boss: Client) -> None:
    alice = factories.alice()
    notice = Notice.objects.create(
        event_id="00000000-0000-0000-0000-000000000001",
        recipient=alice,
        channel="email",
        kind="receipt",
        state="failed",
        reason="TryLater: no mail server",
    )
    page = boss.get(reverse("admin:notifications_notice_changelist"), {"state": "failed"}).content.decode()
    assert "TryLater: no mail server" in page and ">failed</span>" in page.lower()
    assert "asked for again" in press(boss, notice, "send_again")
    assert "it is sent, or on its way" in press(boss, notice, "send_again")
    assert OutboxRow.objects.filter(road="sqs").count() == 1 and len(log()) == 1
