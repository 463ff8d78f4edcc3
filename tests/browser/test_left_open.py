"""Pages left open while others act: what they show follows by itself, with the broker and without it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from config.embedded.kafka import Kafka
from config.embedded.ports import HOST, choose_port
from config.templatetags.forkroad import clock
from delivery import couriers, offers
from delivery.models import Courier, Promise
from messaging import topology
from orders import lifecycle
from orders.lifecycle import Actor
from orders.models import Order
from orders.payments import tasks as payments
from tests import factories
from tests.browser.chromium import chromium
from tests.browser.scene import signed_in
from tests.browser.test_courier_app import open_page
from tests.browser.test_order_to_door import PATIENCE
from tests.browser.watch import Watch
from tests.delivery.conftest import offer_to, taken
from tests.faults.brokers import own_broker
from tests.system import running

#: How the broker is gone: nobody listens at its port; in the full sweep it is stopped, too, as by the demo's switch.
GONE = ("away", "paused") if os.environ.get("FORKROAD_BROWSER") == "full" else ("away",)
#: Longer than the quarter of a minute after which a page looks that is told nothing.
LOOKED = 2 * PATIENCE


def bring(order: Order, courier: Courier) -> None:
    lifecycle.mark_ready(order.pk, by=Actor("restaurant", order.restaurant.user_id))
    couriers.pick_up(order.pk, courier=courier)
    couriers.deliver(order.pk, courier=courier)


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_times_rating_and_money_follow_on_pages_left_open(namespace: str) -> None:
    # given: an order of two soups, its customer, its kitchen and an operator, each at their own page
    alice, shop = factories.alice(), factories.make_restaurant()
    courier = factories.make_courier("c-01")
    factories.make_operator()
    order = factories.place_order(alice, shop, quantity=2)
    payments.authorise(order=str(order.pk))
    lifecycle.accept(order.pk, by=Actor("restaurant", shop.user_id), preparation=timedelta(minutes=15))
    offers.accept(offer_to(courier, order).pk, courier=courier)
    topology.apply()
    watch = Watch()
    with running("web", "relay", "consume") as system, chromium() as browser:
        page = open_page(browser, system, watch, "alice", f"/orders/{order.pk}/")
        kitchen = open_page(browser, system, watch, shop.user.username, "/kitchen/?tab=accepted")
        story = open_page(browser, system, watch, "operator", f"/operator/orders/{order.pk}/")
        expect(page.locator("#eta")).to_contain_text("at the latest", timeout=PATIENCE)
        expect(story.locator("#call-off")).to_be_visible()
        first = Promise.objects.filter(order=order).latest("sequence")

        # when: it takes ten minutes longer
        kitchen.get_by_role("button", name=f"+10 minutes for {order.number}").click()
        # then: so do the times, both of them
        expect(page.locator("#eta")).not_to_contain_text(clock(first.latest_by), timeout=PATIENCE)
        later = Promise.objects.filter(order=order).latest("sequence")
        assert later.base - first.base >= timedelta(minutes=9)
        expect(page.locator("#eta")).to_contain_text(f"About {clock(later.estimated)}, at the latest")
        expect(page.locator("#eta")).to_contain_text(clock(later.latest_by))

        # when: it is brought and paid
        bring(order, courier)
        payments.capture(order=str(order.pk))
        # then: it can be rated, and its story offers what can be done now
        expect(page.locator("#rating")).to_be_visible(timeout=PATIENCE)
        expect(page.locator("#paid")).to_have_text("€\u202f20.90", timeout=PATIENCE)
        expect(story.locator("#call-off")).to_have_count(0, timeout=PATIENCE)
        expect(story.locator("#to-refund")).to_be_visible(timeout=PATIENCE)
        expect(story.locator("#money")).to_contain_text("Payment captured", timeout=PATIENCE)
        expect(story.locator("#story")).to_contain_text("payment captured", timeout=PATIENCE)

        # when: she asks all of it back, which an operator has to decide
        page.get_by_text("Something is not right", exact=True).click()
        page.get_by_role("button", name="Ask for the money back").click()
        expect(page.locator("[data-refund=requested]")).to_be_visible(timeout=PATIENCE)
        page.evaluate("window.neverReloaded = true")
        # and: the operator refuses it, with a reason
        desk = story.context.new_page()
        desk.goto("/operator/money/")
        desk.locator("summary", has_text=f"Refuse: {order.number}").click()
        desk.get_by_label("Why not").fill("It was whole at the door")
        desk.get_by_role("button", name="Refuse the refund").click()
        # then: she reads it where she asked, and in her inbox
        expect(page.locator("[data-refund=refused]")).to_contain_text("It was whole at the door", timeout=PATIENCE)
        expect(page.locator("#unread")).not_to_be_empty(timeout=PATIENCE)
        assert page.evaluate("window.neverReloaded") is True
        page.goto("/notices/")
        expect(page.locator("#inbox")).to_contain_text("20.90 is not given back", timeout=PATIENCE)

        # when: the operator gives something back after all, from the order's story
        story.locator("#money summary").click()
        story.get_by_label("Amount in euro").fill("5")
        story.get_by_role("button", name="Give it back").click()
        # then: the story is where it ends
        expect(story.locator("#messages")).to_contain_text("Refund of 5.00", timeout=PATIENCE)
        assert story.url == f"{system.url}/operator/orders/{order.pk}/"
        assert (watch.errors, watch.outside) == ([], [])


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_job_that_goes_leaves_a_word(namespace: str) -> None:
    # given: a courier on the way to the counter
    courier = factories.make_courier("c-01")
    order = taken(courier)
    topology.apply()
    watch = Watch()
    with running("web", "relay") as system, chromium() as browser:
        road = open_page(browser, system, watch, "c-01", "/courier/")
        expect(road.locator("[data-job]")).to_have_count(1)

        # when: it is called off
        lifecycle.cancel(order.pk, by=Actor("operator", 1), reason="The street is closed")
        couriers.release(order.pk)
        # then: the page says so, aloud too
        said = f"Order {order.number} was called off. You need not do any more."
        expect(road.locator("#lost")).to_contain_text(said, timeout=PATIENCE)
        expect(road.locator("#spoken")).to_have_text(said)
        expect(road.locator("[data-job]")).to_have_count(0)

        # when: they go on
        road.get_by_role("button", name="Understood").click()
        # then
        expect(road.locator("#lost")).to_have_count(0)
        expect(road.locator("#desk")).to_contain_text("The next offer appears here")
        assert (watch.errors, watch.outside) == ([], [])


@pytest.mark.browser
@pytest.mark.parametrize("gone", GONE)
@pytest.mark.django_db(transaction=True)
def test_the_tracker_goes_on_without_the_broker(namespace: str, gone: str, tmp_path: Path) -> None:
    # given: an order in the bag, and its customer's page
    order = factories.ready_order(factories.alice())
    courier = factories.make_courier("c-01")
    offers.accept(offer_to(courier, order).pk, courier=courier)
    with (
        broker_that_is(gone, tmp_path) as (address, broker),
        chromium() as browser,
        running("web", env={"KAFKA_BOOTSTRAP_SERVERS": address}) as system,
    ):
        page = browser.new_context(base_url=system.url).new_page()
        page.context.add_cookies(signed_in("alice", url=system.url))
        page.goto(f"/orders/{order.pk}/")
        if broker:
            expect(page.locator("#light")).to_have_text("Live", timeout=PATIENCE)
            broker.pause()
        # then: the light says that nothing comes by itself
        expect(page.locator("#light")).to_have_text("Not live", timeout=PATIENCE)

        # when: it is picked up
        couriers.pick_up(order.pk, courier=courier)
        # then: the page has looked
        expect(page.locator("#headline")).to_have_text("On its way to you", timeout=LOOKED)

        # when: it is delivered while there is no server either
        system["web"].kill()
        expect(page.locator("#light")).to_have_text("Reconnecting", timeout=PATIENCE)
        couriers.deliver(order.pk, courier=courier)
        system["web"].spawn()
        # then: the page comes back by itself, with what there is to do now
        expect(page.locator("#headline")).to_have_text("Delivered", timeout=LOOKED)
        expect(page.locator("#rating")).to_be_visible(timeout=LOOKED)
        if broker:
            broker.resume()
            expect(page.locator("#light")).to_have_text("Live", timeout=LOOKED)


@contextlib.contextmanager
def broker_that_is(gone: str, home: Path) -> Iterator[tuple[str, Kafka | None]]:
    """The address of a broker that is not there, or one to be paused, which is there at first and has its topics."""
    if gone == "away":
        yield f"{HOST}:{choose_port()}", None
        return
    with own_broker(home) as broker:
        topology.apply()
        yield broker.bootstrap_servers(), broker
