"""A page that follows the events, and somebody at work in it: what is typed, pressed or just said stays."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from delivery import couriers, offers
from messaging import topology
from orders.models import Order
from tests import factories
from tests.browser.chromium import chromium
from tests.browser.test_courier_app import open_page
from tests.browser.watch import Watch
from tests.delivery.conftest import offer_to
from tests.system import running

#: What an event that comes now would do.
REFRESH = "window.htmx.trigger(document.getElementById('desk'), 'catch-up')"
#: A refresh whose answer stands ready when that of a press is shown: before htmx has settled it.
OVERTAKE = """async () => {
    const desk = document.getElementById("desk");
    const answer = await fetch("/courier/", {headers: {"HX-Request": "true"}});
    const fresh = await answer.text();
    window.addEventListener("htmx:afterSwap", (event) => {
        if (event.detail.requestConfig.verb !== "post") return;
        const eventInfo = {requestConfig: {verb: "get", elt: desk}, target: desk};
        const swap = {swapStyle: "innerHTML", swapDelay: 0, settleDelay: 20};
        window.htmx.swap("#desk", fresh, swap, {eventInfo, contextElement: desk});
        window.overtaken = true;
    });
}"""


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_an_event_takes_nothing_from_a_courier_at_the_door(namespace: str) -> None:
    # given: an order in the bag, to hand over against a code
    courier, order = factories.make_courier("c-01"), factories.ready_order(factories.alice())
    Order.objects.filter(pk=order.pk).update(door_code="4821")
    offers.accept(offer_to(courier, order).id, courier=courier)
    couriers.pick_up(order.pk, courier=courier)
    topology.apply()
    watch = Watch()
    with running("web") as system, chromium() as browser:
        road = open_page(browser, system, watch, "c-01", "/courier/", viewport={"width": 390, "height": 800})
        desk, field = road.locator("#desk"), road.get_by_label("The customer's code")
        button = road.get_by_role("button", name="Delivered")

        # when: four digits, the keyboard's way to the button, and an event in between
        field.fill("1111")
        field.press("Tab")
        expect(button).to_be_focused()
        road.evaluate(REFRESH)
        # then: the refresh waits
        expect(desk).to_have_attribute("data-missed", "yes")
        expect(field).to_have_value("1111")

        # when: an event while the finger is down
        hold(road, "Delivered")
        road.evaluate("document.getElementById('desk').removeAttribute('data-missed')")
        field.evaluate("(field) => { field.defaultValue = field.value; }")
        road.evaluate(REFRESH)
        expect(desk).to_have_attribute("data-missed", "yes")
        road.evaluate(OVERTAKE)
        road.mouse.up()
        # then: the press is heard, and its answer outlives the refresh that overtakes it
        expect(road.locator("#word")).to_have_text("That is not the customer's code.")
        assert road.evaluate("window.overtaken") is True
        expect(road.locator("#word")).to_have_count(1)

        # when: nobody is at work any more
        road.evaluate(REFRESH)
        # then: the page follows again
        expect(desk).not_to_have_attribute("data-missed", "yes")
        expect(field).to_have_value("")
    assert (watch.errors, watch.outside) == ([], [])


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_refresh_that_a_tab_has_overtaken_draws_nothing(namespace: str) -> None:
    # given: an order that cooks, and a refresh of the tab of new ones, whose answer is on its way
    shop = factories.make_restaurant()
    factories.accepted_order(restaurant=shop)
    topology.apply()
    watch, held = Watch(), list[Route]()
    with running("web") as system, chromium() as browser:
        phone = {"width": 390, "height": 800}
        page = open_page(browser, system, watch, shop.user.username, "/kitchen/", viewport=phone)
        expect(page.locator(".htmx-request")).to_have_count(0)
        page.route("**/kitchen/?tab=paid", lambda route: held.append(route))
        with page.expect_request("**/kitchen/?tab=paid"):
            page.evaluate("window.htmx.trigger(document.getElementById('board'), 'catch-up')")
        # when: the tab of what cooks is pressed, and comes first
        page.locator("#tab-accepted").click()
        expect(page.locator("#tab-accepted")).to_have_attribute("aria-current", "page")
        (late,) = held
        late.continue_()
        expect(page.locator(".htmx-request")).to_have_count(0)
        # then
        assert page.locator("#tab-accepted").get_attribute("aria-current") == "page"
    assert (watch.errors, watch.outside) == ([], [])


def hold(page: Page, name: str) -> None:
    """Put the finger on a button, and leave it there."""
    box = page.get_by_role("button", name=name).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
