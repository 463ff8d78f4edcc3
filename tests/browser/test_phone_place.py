"""The courier's telephone says where it is: asked first, only while online, at most once a second, for the customer."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from delivery import couriers, offers
from delivery.models import Courier
from messaging import topology
from orders.models import City
from tests import factories
from tests.browser.chromium import chromium
from tests.browser.scene import signed_in
from tests.browser.test_map import place
from tests.browser.test_order_to_door import PATIENCE
from tests.browser.watch import Watch
from tests.delivery.conftest import offer_to
from tests.system import System, running
from tests.waiting import wait_for

#: A page notes when it sent a report, by its own steady clock.
NOTE_REPORTS = """
    window.reports = [];
    const send = window.fetch;
    window.fetch = (address, options) => {
        if (String(address).endsWith("/positions")) window.reports.push(performance.now());
        return send(address, options);
    };
"""


def open_road(browser: Browser, watch: Watch, system: System, username: str, **options: Any) -> Page:
    context = watch.over(browser.new_context(base_url=system.url, reduced_motion="reduce", **options))
    context.add_cookies(signed_in(username, url=system.url))
    context.add_init_script(NOTE_REPORTS)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto("/courier/")
    expect(page.locator("#light")).to_have_attribute("data-state", "on", timeout=PATIENCE)
    return page


def ride(page: Page, latitude: float) -> None:
    page.context.set_geolocation({"latitude": latitude, "longitude": factories.COUNTER[1]})


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_telephone_s_own_position_moves_the_courier_on_the_customer_s_map(namespace: str) -> None:
    # given: an order in the bag; its customer's page beside the courier's, on a telephone that may say where it is
    courier = factories.make_courier("c-01")
    order = factories.ready_order()
    offers.accept(offer_to(courier, order).id, courier=courier)
    couriers.pick_up(order.id, courier=courier)
    City.objects.update(latitude=factories.COUNTER[0], longitude=factories.COUNTER[1])
    topology.apply()
    watch = Watch()
    here = {"latitude": factories.COUNTER[0], "longitude": factories.COUNTER[1]}
    with running("web", "relay", "consume") as system, chromium() as browser:
        phone = {"width": 390, "height": 800}
        road = open_road(browser, watch, system, "c-01", viewport=phone, permissions=["geolocation"], geolocation=here)
        context = watch.over(browser.new_context(base_url=system.url, reduced_motion="reduce"))
        context.add_cookies(signed_in("alice", url=system.url))
        alice = context.new_page()
        alice.goto(f"/orders/{order.pk}/")
        expect(alice.locator("#map .mark-courier")).to_be_visible(timeout=PATIENCE)
        expect(alice.locator("#light")).to_have_attribute("data-state", "on", timeout=PATIENCE)
        before = place(alice)

        # then: nothing is said unasked
        expect(road.locator("#phone-place")).to_have_attribute("data-state", "off")
        assert road.evaluate("window.reports") == []

        # when: the courier presses, and rides
        road.get_by_role("button", name="Use this telephone’s position").click()
        expect(road.locator("#phone-place")).to_have_attribute("data-state", "sending")
        for step in range(1, 6):
            ride(road, factories.COUNTER[0] + step * 0.0015)
        # then: the customer's map has followed to where they are now, and so has dispatch's
        last = f"{factories.COUNTER[0] + 5 * 0.0015:.5f}"
        wait_for(lambda: f"{Courier.objects.get(pk=courier.pk).latitude:.5f}" == last, within=20, what="the last place")
        wait_for(lambda: place(alice) != before, within=20, what="the marker to move")
        # and: not more than one report a second, however fast the places came
        reports = road.evaluate("window.reports")
        assert all(later - sooner >= 990 for sooner, later in pairwise(reports)), reports

        # when: they bring it, and their shift ends
        road.get_by_role("button", name="Delivered").click()
        road.get_by_role("button", name="Go offline").click()
        # then
        expect(road.locator("#phone-place")).to_have_attribute("data-state", "resting")
        assert watch.errors == []
        assert watch.outside == []


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_browser_that_says_no_is_taken_at_its_word(namespace: str) -> None:
    # given: a telephone that may not say where it is, and one that is elsewhere
    factories.make_courier("c-01")
    factories.make_courier("c-02")
    topology.apply()
    watch = Watch()
    with running("web") as system, chromium() as browser:
        road = open_road(browser, watch, system, "c-01")
        # when, then: what that means is said, and pressing again asks again
        for _ in range(2):
            road.get_by_role("button", name="Use this telephone’s position").click()
            expect(road.locator("#located")).to_contain_text("Your browser does not give your position to this page.")
            expect(road.locator("#locate")).to_have_attribute("aria-pressed", "false")

        # when
        away = {"latitude": -33.86, "longitude": 151.21}
        other = open_road(browser, watch, system, "c-02", permissions=["geolocation"], geolocation=away)
        other.get_by_role("button", name="Use this telephone’s position").click()
        # then: nobody is moved to another continent
        expect(other.locator("#located")).to_contain_text("too far from the city")
        assert road.evaluate("window.reports") == other.evaluate("window.reports") == []
        assert watch.errors == []
        assert watch.outside == []
