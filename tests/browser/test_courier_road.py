"""A courier's evening on the page: on with the switch, a bundle declined, an order taken and given back, another not
handed over, the shift over, the money counted.
"""

from __future__ import annotations

import re

import pytest
from django.db.models import Value
from playwright.sync_api import Page, expect

from delivery.models import Courier, Offer
from messaging import topology
from orders.city import CityAfter
from orders.models import Order
from tests import factories
from tests.browser.chromium import chromium
from tests.browser.test_journeys import WIDTHS, open_page, press
from tests.browser.watch import Watch
from tests.delivery.conftest import bundle_to, in_the_bag, offer_to
from tests.orders.payments.conftest import captured_order
from tests.system import running

#: City minutes in which no offer of this test runs out.
LASTS = 600


def lasting(offer: Offer) -> Offer:
    Offer.objects.filter(pk=offer.pk).update(deadline=CityAfter(Value(LASTS)))
    return offer


def timer(page: Page) -> tuple[float, float]:
    """Seconds as written, and as the bar shows them."""
    left = float(page.locator("#offer .seconds").inner_text())
    bar = page.locator("#offer progress").evaluate("(each) => each.value")
    return left, float(bar)


@pytest.mark.browser
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.django_db(transaction=True)
def test_a_courier_s_evening(namespace: str, width: int) -> None:
    # given: a courier with room for two, who has delivered one order, and is offline
    courier = factories.make_courier("c-01", online=False)
    Courier.objects.filter(pk=courier.pk).update(capacity=3)
    captured_order(courier=courier.pk)
    topology.apply()
    watch = Watch()
    with running("web") as system, chromium() as browser:
        page = open_page(browser, watch, system, width, "c-01")
        page.goto("/courier/")
        expect(page.get_by_role("heading", name="You are offline")).to_be_visible()

        # when: the shift begins where they are
        page.get_by_label("Where are you?").select_option(index=0)
        press(page, "Go online")
        expect(page.get_by_text("The next offer appears here.")).to_be_visible()
        courier.refresh_from_db()
        assert courier.online

        # when: two orders of one restaurant are offered as one
        offer, first, _ = bundle_to(courier)
        lasting(offer)
        page.reload()
        expect(page.get_by_role("heading", name="2 orders of one restaurant for you")).to_be_visible()
        stops = page.locator("#offer .stops li")
        expect(stops).to_have_text(
            [
                re.compile("Pick up 2 orders at Soup Kitchen"),
                re.compile(r"1\s*Drop off .* from the counter", re.DOTALL),
                re.compile(r"2\s*Drop off .* from the door before", re.DOTALL),
            ]
        )
        # then: number and bar go down together, by the server's clock
        seconds, bar = timer(page)
        page.wait_for_function(
            "(from) => Number(document.querySelector('#offer .seconds').textContent) < from", arg=seconds
        )
        later, shorter = timer(page)
        assert later < seconds and shorter < bar and abs(later - shorter) <= 1
        # when: it is declined → then: both wait for another
        press(page, "Decline")
        expect(page.locator("#offer")).to_have_count(0)
        assert Offer.objects.get(pk=offer.pk).state == "declined"
        assert not Courier.objects.get(pk=courier.pk).assignments.filter(state="active").exists()

        # when: one of them is taken, and the restaurant is not to be found
        lasting(offer_to(courier, first))
        page.reload()
        press(page, "Accept")
        job = page.locator(f"[data-job='{first.pk}']")
        expect(job).to_be_visible()
        job.get_by_text("I cannot go on with").click()
        job.get_by_label("What is the matter?").select_option("counter_closed")
        job.get_by_role("button", name="Give it back").click()
        # then: it is gone from here, and waits for another courier
        expect(job).to_have_count(0)
        expect(page.locator("#word")).to_be_visible()
        assert Order.objects.get(pk=first.pk).courier_id is None

        # when: with an order in the bag nobody opens → then: an operator is called, and the order stays
        bag = in_the_bag(courier)
        page.reload()
        job = page.locator(f"[data-job='{bag.pk}']")
        job.get_by_text("I cannot go on with").click()
        job.get_by_label("What is the matter?").select_option("nobody_opens")
        job.get_by_role("button", name="Call an operator").click()
        expect(job.locator("[data-helped]")).to_be_visible()
        page.locator(f"#next-{bag.pk}").click()
        expect(job).to_have_count(0)

        # when: the shift is over → then: what is confirmed and what is pending
        press(page, "Go offline")
        expect(page.get_by_role("heading", name="You are offline")).to_be_visible()
        page.locator("#earned a").click()
        expect(page.locator("#confirmed")).to_have_text("€\u202f2.90")
        expect(page.locator("#pending")).to_have_text("€\u202f2.90")
        assert (watch.errors, watch.outside) == ([], [])
