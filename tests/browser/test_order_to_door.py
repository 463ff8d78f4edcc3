"""The main job in a real browser: Alice orders, and her page shows each step by itself."""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import Browser, Page, expect

from messaging import topology
from tests import factories
from tests.browser.chromium import chromium
from tests.browser.watch import Watch
from tests.system import System, running

# Playwright's synchronous interface runs an event loop in this thread, which Django's ORM takes for an async one.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

#: Wall milliseconds for one event on its way: outbox, relay, Kafka, page. Far more than it takes on an idle machine.
PATIENCE = 20_000


def signed_in(browser: Browser, watch: Watch, system: System, username: str) -> Page:
    page = watch.over(browser.new_context(base_url=system.url)).new_page()
    page.set_default_timeout(PATIENCE)
    page.goto("/account/login/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(factories.PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible(timeout=PATIENCE)
    return page


def put_soup_in_basket_and_pay(page: Page) -> None:
    page.get_by_role("link", name="Soup Kitchen Soup").click()
    page.get_by_label("Bread").check()
    page.get_by_role("button", name="Add Soup to the basket").click()
    expect(page.get_by_text("Soup is in your basket.")).to_be_visible()
    page.get_by_role("link", name="To the basket").click()
    page.get_by_role("link", name="To checkout").click()
    page.get_by_role("button", name="Order and pay").click()


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_an_order_reaches_the_door_and_its_page_shows_every_step() -> None:
    # given: a running system, a customer, a restaurant and a courier on shift, each at their own browser
    factories.alice()
    factories.make_restaurant()
    factories.make_courier(username="c-01")
    topology.apply()
    watch = Watch()
    # The planner would leave the courier in peace until they must set out, a quarter of an hour from now.
    with running(env={"FORKROAD_DISPATCH_POLICY": "linear"}) as system, chromium() as browser:
        kitchen = signed_in(browser, watch, system, "r-soup-kitchen")
        road = signed_in(browser, watch, system, "c-01")
        alice = signed_in(browser, watch, system, "alice")

        # when: Alice orders
        put_soup_in_basket_and_pay(alice)
        tracker = alice.locator("#tracker")
        expect(alice.locator("#light")).to_have_attribute("data-state", "on", timeout=PATIENCE)
        # then: from here on nobody loads a page again
        alice.evaluate("window.neverReloaded = true")
        expect(tracker.get_by_role("heading")).to_have_text("Waiting for the restaurant", timeout=PATIENCE)

        # when: the restaurant accepts, the courier takes the offer
        kitchen.get_by_role("button", name="Accept").click()
        expect(tracker.get_by_role("heading")).to_have_text("Being prepared", timeout=PATIENCE)
        road.get_by_role("button", name="Accept").click()
        expect(alice.locator("#courier")).to_contain_text("c-01 picks it up for you.", timeout=PATIENCE)
        expect(road.get_by_role("button", name="Picked up")).to_be_disabled()

        # when: it is ready, picked up, delivered
        kitchen.get_by_role("button", name="Ready").click()
        expect(tracker.get_by_role("heading")).to_have_text("Waiting for the courier", timeout=PATIENCE)
        road.get_by_role("button", name="Picked up").click()
        expect(tracker.get_by_role("heading")).to_have_text("On its way to you", timeout=PATIENCE)
        road.get_by_role("button", name="Delivered").click()

        # then: Alice sees it, without a reload, an error or a word to anybody outside this machine
        expect(tracker.get_by_role("heading")).to_have_text("Delivered", timeout=PATIENCE)
        expect(alice.locator("#courier")).to_have_text("c-01 brought it.", timeout=PATIENCE)
        assert alice.evaluate("window.neverReloaded") is True
        assert watch.errors == []
        assert watch.outside == []
