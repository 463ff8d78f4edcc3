"""The courier's app in real browsers: installed, by keyboard alone, pressed twice, without a connection, beaten to it.

Beside it the customer's page, which sees each of the courier's moves by itself, and whose moves the courier sees. How
long each takes is printed and not asserted: it is the machine's business, and `benchmarks.moves` measures it.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import Value
from playwright.sync_api import Browser, Page, Route, expect

from benchmarks.moves import NOTE, took
from delivery import couriers, offers
from delivery.models import Courier, Offer, Press
from messaging import topology
from orders.city import CityAfter
from orders.lifecycle import SYSTEM
from orders.models import Order
from tests import factories
from tests.browser.chromium import chromium
from tests.browser.scene import signed_in
from tests.browser.test_desk import press_until
from tests.browser.test_order_to_door import PATIENCE
from tests.browser.watch import Watch
from tests.delivery.conftest import offer_to
from tests.system import System, running


def open_page(browser: Browser, system: System, watch: Watch, username: str, address: str, **options: Any) -> Page:
    context = browser.new_context(base_url=system.url, reduced_motion="reduce", **options)
    watch.over(context)
    context.add_cookies(signed_in(username, url=system.url))
    context.add_init_script(NOTE)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    expect(page.locator("#light")).to_have_attribute("data-state", "on", timeout=PATIENCE)
    return page


def lasting_offer(courier: Courier, order: Order) -> Offer:
    """An offer that does not run out while a loaded machine draws the page."""
    offer = offer_to(courier, order)
    Offer.objects.filter(pk=offer.pk).update(deadline=CityAfter(Value(600)))
    return offer


def delay(actor: Page, witness: Page, text: str, *, there: bool = True) -> str:
    return f"{text!r} {'came' if there else 'went'} in {took(actor, witness, text, there=there):.0f} ms"


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_shift_with_the_app(namespace: str, capsys: pytest.CaptureFixture[str]) -> None:
    # given: an order with a code for the door, offered to a courier; its customer at their own browser
    alice, rival = factories.alice(), factories.make_courier("c-02")
    courier = factories.make_courier("c-01")
    order = factories.ready_order(alice)
    Order.objects.filter(pk=order.pk).update(door_code="4821")
    lasting_offer(courier, order)
    topology.apply()
    watch, shaky = Watch(), Watch()
    with running("web", "relay", "consume") as system, chromium() as browser:
        phone = {"width": 390, "height": 800}
        road = open_page(browser, system, shaky, "c-01", "/courier/", viewport=phone)
        tracker = open_page(browser, system, watch, "alice", f"/orders/{order.pk}/")

        # then: it can be installed
        manifest = road.evaluate("fetch(document.querySelector('link[rel=manifest]').href).then((a) => a.json())")
        assert (manifest["display"], len(manifest["icons"])) == ("standalone", 3)
        worker = road.evaluate("navigator.serviceWorker.ready.then((found) => [found.active.scriptURL, found.scope])")
        assert worker == [f"{system.url}/courier/worker.js", f"{system.url}/courier/"]

        # when: the keyboard alone takes the offer; the customer sees it, and lifts the code; the courier sees that
        expect(road.locator("figure[data-way] .mark-courier")).to_be_visible()
        press_until(road, "accept")
        road.keyboard.press("Enter")
        expect(road.locator(f"#next-{order.pk}")).to_have_text("Picked up")
        times = [delay(road, tracker, "c-01 picks it up for you.")]
        tracker.get_by_text("Hand it over without the code").click()
        tracker.get_by_role("button", name="Lift the code").click()
        times.append(delay(tracker, road, "against four digits", there=False))
        expect(road.locator("[name=door_code]")).to_have_count(0, timeout=PATIENCE)

        # when: pressed twice in one breath
        road.locator(f"#next-{order.pk}").dblclick()
        expect(road.locator(f"#next-{order.pk}")).to_have_text("Delivered")
        times.append(delay(road, tracker, "is on the way to you."))
        expect(tracker.locator("#headline")).to_have_text("On its way to you", timeout=PATIENCE)
        assert order.history.filter(type="order.picked_up").count() == 1

        # when: it is delivered in a cellar, and the page is loaded again there
        bring_without_a_connection(road, order)
        # then: once the connection is back it is delivered, once, at the time of the press
        expect(road.locator("#merged")).to_contain_text(f"{order.number} counts as delivered at", timeout=PATIENCE)
        expect(tracker.locator("#headline")).to_have_text("Delivered", timeout=PATIENCE)
        assert order.history.filter(type="order.delivered").count() == 1
        press = Press.objects.get()
        assert (press.outcome, press.counted_at) == ("done", press.pressed_at)
        expect(road.locator("[data-job]")).to_have_count(0)

        # when, then: an offer cannot be taken without a connection, and a lost race is no error
        lose_a_race(road, courier, rival)
        assert road.locator("#sound").get_attribute("data-rang") is not None
        assert watch.errors == []
        assert [each for each in shaky.errors if "ERR_INTERNET_DISCONNECTED" not in each and "htmx:" not in each] == []
        assert watch.outside == shaky.outside == []
    with capsys.disabled():
        print(f"\non the other's page: {'; '.join(times)}")


def bring_without_a_connection(road: Page, order: Order) -> None:
    road.context.set_offline(True)
    expect(road.locator("#light")).to_contain_text("No connection")
    road.locator(f"#next-{order.pk}").click()
    expect(road.locator("[data-unsent]")).to_contain_text("kept on this telephone")
    expect(road.get_by_role("button", name="Delivered")).to_have_count(0)
    road.reload()
    expect(road.get_by_role("heading", name="No connection")).to_be_visible()
    expect(road.locator("#away")).to_contain_text(f"{order.number} delivered, pressed at")
    expect(road.locator("#jobs")).to_contain_text("1 Test Lane")
    expect(road.get_by_role("button", name="Delivered")).to_have_count(0)
    order.refresh_from_db()
    assert order.status == "picked_up"
    road.context.set_offline(False)


def lose_a_race(road: Page, courier: Courier, rival: Courier) -> None:
    expect(road.locator("#light")).to_have_attribute("data-state", "on", timeout=PATIENCE)
    road.get_by_role("heading", name="Hello").click()
    order = factories.ready_order()
    offer = lasting_offer(courier, order)
    accept = road.locator("#accept")
    expect(accept).to_be_enabled(timeout=PATIENCE)
    expect(road.locator("#sound")).to_have_attribute("data-rang", "1", timeout=PATIENCE)
    road.context.set_offline(True)
    expect(accept).to_be_disabled()
    expect(road.locator("#no-answer")).to_be_visible()
    road.context.set_offline(False)
    expect(accept).to_be_enabled(timeout=PATIENCE)

    def be_quicker(route: Route) -> None:
        # Between the press and the server: the offer is taken back, and somebody else has the order.
        offers.withdraw(offer.pk, by=SYSTEM, reason="test")
        offers.accept(offer_to(rival, order).pk, courier=rival)
        couriers.pick_up(order.pk, courier=rival)
        route.continue_()

    road.route("**/accept", be_quicker)
    accept.click()
    expect(road.locator("#word")).to_have_text("Taken by another courier.")
    expect(road.locator("[role=alert]:visible")).to_have_count(0)
