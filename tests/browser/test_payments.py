"""Paying in a real browser: the customer's bank asks, the receipt shows what was taken, and money comes back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from messaging import topology
from orders import lifecycle
from orders.lifecycle import Actor
from orders.models import Order
from tests import factories
from tests.browser.chromium import chromium
from tests.browser.test_order_to_door import PATIENCE, signed_in
from tests.browser.watch import Watch
from tests.system import running


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_from_the_banks_question_to_a_refund() -> None:
    # given: a customer at the checkout with a card whose bank asks
    factories.alice()
    factories.make_restaurant()
    topology.apply()
    watch = Watch()
    with running("web", "relay", "payments", "gateway") as system, chromium() as browser:
        alice = signed_in(browser, watch, system, "alice")
        alice.get_by_role("link", name="Soup Kitchen Soup").click()
        alice.get_by_role("button", name="Add Soup to the basket").click()
        alice.get_by_role("link", name="To the basket").click()
        alice.get_by_role("link", name="To checkout").click()
        alice.get_by_label("Visa ending 3155").check()

        # when: she orders, and confirms at the bank
        alice.get_by_role("button", name="Order and pay").click()
        alice.get_by_role("link", name="Confirm at your bank").click(timeout=PATIENCE)
        expect(alice.get_by_role("heading", name="Is this you?")).to_be_visible(timeout=PATIENCE)
        alice.get_by_role("button", name="Yes, confirm").click()

        # then: she is back, and the money is held
        expect(alice.locator("#money")).to_contain_text("Held on your card", timeout=PATIENCE)

        # when: the order is brought
        order = Order.objects.get()
        lifecycle.accept(order.id, by=Actor("restaurant"), preparation=timedelta(minutes=5))
        lifecycle.mark_ready(order.id, by=Actor("restaurant"))
        lifecycle.pick_up(order.id, by=Actor("courier", 1))
        lifecycle.deliver(order.id, by=Actor("courier", 1))

        # then: the receipt says what was taken; a piece that was missing is paid back
        alice.reload()
        expect(alice.locator("#paid")).to_have_text("€\u202f11.90", timeout=PATIENCE)
        alice.get_by_text("Something is not right", exact=True).click()
        alice.get_by_label("How many of Soup").select_option("1")
        alice.get_by_role("button", name="Ask for the money back").click()
        expect(alice.locator("#refunded")).to_have_text("€\u202f9.00", timeout=PATIENCE)
        assert watch.errors == []
        assert watch.outside == []
