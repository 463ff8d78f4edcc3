"""The customer's map: the courier's marker moves by itself, soon after the phone has spoken."""

from __future__ import annotations

import statistics

import httpx
import pytest
from playwright.sync_api import Page, expect

from accounts.tokens import make_token
from config.live.ingest import PATH
from delivery import couriers, offers
from delivery.models import Courier
from messaging import topology
from tests import factories
from tests.browser.chromium import chromium
from tests.browser.test_order_to_door import PATIENCE, signed_in
from tests.browser.watch import Watch
from tests.delivery.conftest import offer_to
from tests.system import System, running
from tests.waiting import wait_for

#: From here on the page notes when each position was drawn, on this machine's one clock.
NOTE_DRAWINGS = """
    window.drawn = [];
    new MutationObserver(() => window.drawn.push(Date.now() - Number(document.getElementById("map").dataset.heard)))
        .observe(document.getElementById("map"), {attributeFilter: ["data-heard"]});
"""


def report(system: System, courier: Courier, latitude: float) -> None:
    body = {"positions": [{"latitude": latitude, "longitude": 16.37}]}
    headers = {"Authorization": f"Bearer {make_token(courier.user)}"}
    assert httpx.post(f"{system.url}{PATH}", json=body, headers=headers).status_code == 204


def place(page: Page) -> tuple[int, int]:
    box = page.locator("#map .mark-courier").bounding_box()
    assert box is not None
    return round(box["x"]), round(box["y"])


def drawings(page: Page) -> int:
    return int(page.evaluate("window.drawn.length"))


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_courier_moves_on_the_customers_map() -> None:
    # given: an order in the bag of a courier, who stands at the counter, and its customer's page
    courier = factories.make_courier("c-01")
    order = factories.ready_order()
    offers.accept(offer_to(courier, order).id, courier=courier)
    couriers.pick_up(order.id, courier=courier)
    topology.apply()
    watch = Watch()
    with running("web", "relay", "consume") as system, chromium() as browser:
        page = signed_in(browser, watch, system, "alice")
        page.goto(f"/orders/{order.id}/")
        expect(page.locator("#map .mark-courier")).to_be_visible(timeout=PATIENCE)
        expect(page.locator("#light")).to_have_attribute("data-state", "on", timeout=PATIENCE)
        expect(page.locator("#away")).to_have_text("About 4 minutes away.")
        page.evaluate(NOTE_DRAWINGS)
        before = place(page)

        # when: the courier rides towards the door, a report at a time
        for step in range(1, 6):
            report(system, courier, 48.2 + step * 0.0015)
            # Asked from here: what Playwright would run in the page itself is refused by our content security policy.
            wait_for(lambda step=step: drawings(page) >= step, within=10, what="the next drawing")  # type: ignore[misc]
        # then: the marker has moved, each time in under a second
        drawn = page.evaluate("window.drawn")
        assert statistics.median(drawn) < 1000, drawn
        assert place(page) != before

        # when: they come to the door, the page says so; when it is delivered, the map goes
        report(system, courier, factories.DOOR[0])
        expect(page.locator("#away")).to_have_text("At your door now.", timeout=PATIENCE)
        couriers.deliver(order.id, courier=courier)
        expect(page.locator("#map")).to_be_hidden(timeout=PATIENCE)
        assert watch.errors == []
        assert watch.outside == []
