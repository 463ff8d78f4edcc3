"""Each role's day in a real browser, on a phone and on a desk: what is not walked through by a test of its own.

Ordering by keyboard, the courier's shift, the bank's question, refunds, notices and posts have theirs. What other
people do meanwhile is done beside the browser.
"""

from __future__ import annotations

import os
import re
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from analytics.models import FraudCase
from delivery import couriers, offers
from delivery.models import Courier
from messaging import topology
from messaging.models import DeadLetter, Incident
from messaging.models.incident import open_incident
from orders import lifecycle
from orders.lifecycle import Actor
from orders.models import Order, Restaurant, ZoneFare
from orders.payments import tasks
from tests import factories
from tests.analytics.fraud.stories import suspect
from tests.browser.chromium import chromium
from tests.browser.scene import signed_in
from tests.browser.test_order_to_door import PATIENCE
from tests.browser.watch import Watch
from tests.delivery.conftest import offer_to
from tests.system import System, running

PHONE, DESK = 360, 1280
#: `make test` walks on a phone, where there is less room; the full sweep on both.
WIDTHS = (PHONE, DESK) if os.environ.get("FORKROAD_BROWSER") == "full" else (PHONE,)


def open_page(browser: Browser, watch: Watch, system: System, width: int, username: str = "") -> Page:
    context = watch.over(
        browser.new_context(base_url=system.url, viewport={"width": width, "height": 800}, reduced_motion="reduce")
    )
    if username:
        context.add_cookies(signed_in(username, url=system.url))
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    return page


def press(page: Page, name: str | re.Pattern[str]) -> None:
    page.get_by_role("main").get_by_role("button", name=name).first.click()


def cook(order: Order) -> None:
    by = Actor("restaurant", order.restaurant.user_id)
    lifecycle.accept(order.pk, by=by, preparation=timedelta(minutes=15))
    lifecycle.mark_ready(order.pk, by=by)


def settled(page: Page) -> None:
    expect(page.locator(".htmx-request")).to_have_count(0, timeout=PATIENCE)


@pytest.mark.browser
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.django_db(transaction=True)
def test_a_customer_from_hunger_to_the_second_order(namespace: str, width: int) -> None:
    # given
    alice, shop = factories.alice(), factories.make_restaurant()
    factories.add_choices(shop.items.get(name="Soup"))
    shop.items.filter(name="Soup").update(allergens=["milk"])
    shop.items.filter(name="Cake").update(sold_out=True)
    courier = factories.make_courier("c-01")
    topology.apply()
    watch = Watch()
    with running("web", "relay") as system, chromium() as browser:
        page = open_page(browser, watch, system, width)

        # when: a stranger finds a restaurant with a slip, by its zone, and fills a basket
        page.goto("/")
        page.get_by_label("Zone").select_option("centre")
        page.get_by_label("Search", exact=True).fill("soop")
        expect(page.get_by_text("This comes near:")).to_be_visible()
        page.get_by_role("link", name="Soup Kitchen").click()
        expect(page.get_by_text("Contains milk")).to_be_visible()
        expect(page.get_by_role("button", name="Add Cake to the basket")).to_have_count(0)
        page.get_by_label("Large").check()
        press(page, "Add Soup to the basket")
        page.goto("/basket/")
        page.get_by_role("link", name="To checkout").click()
        # and: signs in on the way, where the basket comes along
        page.get_by_label("Username").fill("alice")
        page.get_by_label("Password").fill(factories.PASSWORD)
        press(page, "Sign in")
        expect(page.get_by_role("heading", name="Checkout")).to_be_visible()
        expect(page.locator("#pay")).to_have_text("Order and pay €\u202f14.90")
        # and: to another door, against a code
        page.get_by_label("Another door").check()
        page.get_by_label("Street and number").fill("5 Mill Lane")
        page.get_by_label("For the courier (optional)").fill("second floor")
        page.get_by_label("Hand it over against a code").check()
        page.locator("#pay").click()
        expect(page.locator("#tracker")).to_be_visible()
        order = Order.objects.get()
        code = page.locator("#door-code").inner_text()
        assert (order.total, order.address.line, order.door_code) == (1490, "5 Mill Lane", code)

        # when: it is cooked and brought; the courier asks for the code
        tasks.authorise(order=str(order.pk))
        cook(order)
        offers.accept(offer_to(courier, order).id, courier=courier)
        couriers.pick_up(order.pk, courier=courier)
        road = open_page(browser, watch, system, width, "c-01")
        road.goto("/courier/")
        field = road.get_by_label("The customer's code")
        field.fill(str((int(code) + 1) % 10_000).zfill(4))
        press(road, "Delivered")
        expect(road.locator("#word")).to_have_text("That is not the customer's code.")
        field.fill(code)
        press(road, "Delivered")
        expect(road.locator("[data-job]")).to_have_count(0)

        # when: she rates food and courier apart, on the page that was open all the while, and looks at what she paid
        page.get_by_role("radio", name=re.compile("4 ?of 5 for the food")).check()
        page.get_by_role("radio", name=re.compile("5 ?of 5 for the courier")).check()
        press(page, "Rate it")
        expect(page.locator("#rating dl")).to_have_text(re.compile(r"4 of 5.*5 of 5", re.DOTALL))
        page.get_by_role("link", name="Receipt to print").click()
        expect(page.get_by_role("heading", name="Receipt")).to_be_visible()
        # and: follows the restaurant, and orders the same again
        page.goto(f"/restaurants/{shop.slug}/")
        press(page, "Follow")
        expect(page.get_by_role("button", name="Stop following")).to_be_visible()
        page.get_by_role("link", name="all that you follow").click()
        press(page, "Stop following Soup Kitchen")
        press(page, re.compile("Follow again ?: Soup Kitchen"))
        expect(page.get_by_role("button", name="Stop following Soup Kitchen")).to_be_visible()
        page.goto("/orders/")
        press(page, "Order again")
        expect(page.get_by_role("heading", name="Your basket")).to_be_visible()
        expect(page.get_by_text("with Large")).to_be_visible()
        # and: the new door is among her addresses until she takes it out
        page.goto("/account/addresses/")
        press(page, "Remove 5 Mill Lane")
        expect(page.get_by_text("5 Mill Lane")).to_have_count(0)
        assert Order.objects.filter(customer=alice).count() == 1
        assert watch.errors == []
        assert watch.outside == []


@pytest.mark.browser
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.django_db(transaction=True)
def test_a_restaurant_s_evening(namespace: str, width: int) -> None:
    # given: two orders that wait
    shop = factories.make_restaurant()
    first, second = factories.paid_order(), factories.paid_order()
    topology.apply()
    watch = Watch()
    with running("web") as system, chromium() as browser:
        page = open_page(browser, watch, system, width, shop.user.username)
        page.goto("/kitchen/")
        expect(page.locator("#alarm")).to_contain_text("2 new orders wait")

        # when: one is accepted with more time, the other refused with a reason
        page.locator(f"#m-{first.pk}").select_option("30")
        page.locator(f"#accept-{first.pk}").click()
        expect(page.locator("#tab-accepted .count")).to_have_text("1")
        ticket = page.locator(f"#ticket-{second.pk}")
        ticket.get_by_text("Reject").first.click()
        ticket.get_by_label("Reason for the customer").select_option("An ingredient ran out")
        ticket.get_by_role("button", name="Reject the order").click()
        expect(ticket).to_have_count(0)
        expect(page.locator("#alarm section")).to_have_count(0)
        # and: the first takes longer, and is ready
        show_lane(page, "accepted", width)
        promised = Order.objects.get(pk=first.pk).ready_by
        press(page, f"+10 minutes for {first.number}")
        settled(page)
        later = Order.objects.get(pk=first.pk).ready_by
        assert promised and later and (later - promised).total_seconds() == 600
        page.locator(f"#ready-{first.pk}").click()
        expect(page.locator("#tab-ready .count")).to_have_text("1")

        # when: the cake runs out, comes back, and the kitchen rests a while
        press(page, re.compile("Mark sold out ?: Cake"))
        expect(page.get_by_text("Cake is sold out now")).to_be_attached()
        press(page, re.compile("Undo"))
        expect(page.get_by_text("Cake can be ordered again")).to_be_attached()
        press(page, "Pause")
        expect(page.get_by_role("heading", name="Paused")).to_be_visible()
        expect(page.get_by_role("button", name="Pause", exact=True)).to_have_count(0)
        page.locator("#resume").click()
        expect(page.get_by_role("heading", name="Paused")).to_have_count(0)
        # and: while nobody looked three orders went by, which is seen without a reload
        Restaurant.objects.filter(pk=shop.pk).update(paused=True, auto_paused=True, unanswered=3)
        page.evaluate("htmx.trigger(document.body, 'answered')")
        expect(page.get_by_role("heading", name="Paused by itself")).to_be_visible()
        expect(page.get_by_role("button", name="Pause", exact=True)).to_have_count(0)
        page.locator("#resume").click()
        expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
        # and: its followers are told
        page.get_by_label("Your post").fill("Fresh cake at five")
        press(page, "Post it")
        expect(page.locator("#messages")).not_to_be_empty()

        # then
        first.refresh_from_db()
        second.refresh_from_db()
        assert (first.status, second.status) == ("ready", "rejected")
        assert second.history.get(type="order.rejected").reason == "An ingredient ran out"
        shop.refresh_from_db()
        assert not shop.paused and not shop.items.filter(sold_out=True).exists()
        assert watch.errors == []
        assert watch.outside == []


def show_lane(page: Page, status: str, width: int) -> None:
    """A wide screen shows all three at once, and has no tabs."""
    if width == PHONE:
        page.locator(f"#tab-{status}").click()
        settled(page)


@pytest.mark.browser
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.django_db(transaction=True)
def test_an_operator_s_hand(namespace: str, width: int) -> None:
    # given: an order without a courier, one that looks like fraud, an incident and a dead letter
    factories.make_operator()
    alone, odd = factories.ready_order(), factories.accepted_order()
    suspect(odd)
    courier = factories.make_courier("c-01")
    open_incident("lag", "group audit", "20,000 events behind")
    DeadLetter.objects.create(
        road="sqs", source="notices", message_id="m", type="notices.send", receive_count=8, error="no template"
    )
    topology.apply()
    watch = Watch()
    with running("web") as system, chromium() as browser:
        page = open_page(browser, watch, system, width, "operator")
        page.goto("/operator/")
        expect(page.locator("#light")).to_have_attribute("data-state", "on", timeout=PATIENCE)

        # when: the incident is taken up
        page.goto("/operator/incidents/")
        press(page, re.compile("^Take it up"))
        expect(page.get_by_text("Taken up", exact=True).first).to_be_visible()
        # and: the order is found and given to a courier, with a reason
        page.goto("/operator/orders/")
        page.get_by_label("Number, restaurant").fill(alone.number)
        settled(page)
        page.get_by_role("link", name=alone.number).click()
        page.get_by_label("Reason for a change of courier").select_option(index=1)
        page.get_by_role("button", name="Give it to c-01").click()
        expect(page.locator("#couriers")).to_contain_text("c-01 has it.")
        # and: the other one is judged, and called off with a reason
        page.goto(f"/operator/fraud/{odd.pk}/")
        page.get_by_label("Note (for colleagues only)").fill("known for years")
        press(page, "Genuine: let it go on")
        expect(page.get_by_text("Found genuine")).to_be_visible()
        page.goto(f"/operator/orders/{odd.pk}/")
        page.locator("#actions summary").click()
        page.get_by_label("Why", exact=True).first.fill("The street is closed")
        press(page, "Call the order off")
        expect(page.locator("#story .pill").first).to_have_text("Cancelled")
        # and: the dead letter is set aside, and a zone's fee is bounded
        page.goto("/operator/dead-letters/")
        page.get_by_role("link", name="notices.send").click()
        page.get_by_label("Why", exact=True).fill("the template is gone for good")
        press(page, "Set aside")
        expect(page.get_by_text("What was done")).to_be_visible()
        page.goto("/operator/pricing/")
        page.get_by_label("Highest").first.fill("150")
        press(page, "Set the bounds of Centre")
        expect(page.locator("#messages")).not_to_be_empty()

        # then
        assert Incident.objects.get(kind="lag").acknowledged_at is not None
        assert Courier.objects.get(pk=courier.pk).assignments.filter(state="active").count() == 1
        assert FraudCase.objects.get().verdict == "genuine"
        odd.refresh_from_db()
        assert (odd.status, odd.history.get(type="order.cancelled").reason) == ("cancelled", "The street is closed")
        assert DeadLetter.objects.get().state == "discarded"
        assert ZoneFare.objects.get(zone="centre").highest == 150
        assert watch.errors == []
        assert watch.outside == []
