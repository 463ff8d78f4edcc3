"""Every page that is looked over for accessibility, and the scene in which it is: add your own to `PLACES`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.template.loader import render_to_string
from django.urls import reverse
from playwright.sync_api import Page, Route

from accounts.models import User
from messaging.models import DeadLetter, Incident
from notifications import followers
from notifications.unsubscribing import unsubscribe_url
from orders.models import Restaurant
from tests.browser.scene import Scene, announce_tomorrow, home_address, menu, of_order, to


@dataclass(frozen=True, slots=True)
class Place:
    """A page in a state: who looks (None: nobody signed in), at what, and what they did there before."""

    name: str
    who: str | None
    address: Callable[[Scene], str]
    before: Callable[[Page], None] = lambda page: None
    #: The page that is looked at, where it is another than that of the address: one goes there after `before`.
    onward: str = ""
    #: Words that must stand there: without them it would be another state that is looked at.
    shows: str = ""
    #: Left to the full sweep.
    rare: bool = False
    #: A pattern of what the console says of the refusal or the lost connection that is to be seen; nothing else may
    #: stand there.
    console: str = ""


def put_in_basket(page: Page) -> None:
    page.get_by_role("button", name="Add Soup to the basket").click()
    page.get_by_text("Soup is in your basket.").wait_for()


def pay_without_a_door(page: Page) -> None:
    put_in_basket(page)
    page.goto("/checkout/")
    page.get_by_label("Another door").check()
    page.get_by_role("button", name="Order and pay").click()
    page.get_by_text("Say where to bring it").wait_for()


def press(name: str, **fields: str) -> Callable[[Page], None]:
    """Fill fields by their labels, press the button of that name in the page itself, and wait for the answer."""

    def go(page: Page) -> None:
        for label, text in fields.items():
            page.get_by_label(label.replace("_", " "), exact=False).first.fill(text)
        with page.expect_navigation():
            page.get_by_role("main").get_by_role("button", name=name, exact=True).click()

    return go


def without_cookies(page: Page) -> None:
    """Send a form that another sign-in, or a browser that keeps nothing, has left without its token."""
    page.context.clear_cookies()
    press("Sign in", Username="alice", Password="forkroad")(page)


def shown_as(template: str) -> Callable[[Page], None]:
    """A page that cannot be asked for, as the server would send it."""

    def go(page: Page) -> None:
        page.route("**/*", lambda route: _answer(route, template))
        page.reload()

    return go


def _answer(route: Route, template: str) -> None:
    if route.request.is_navigation_request():
        route.fulfill(body=render_to_string(template), content_type="text/html; charset=utf-8")
    else:
        route.continue_()


def cut_off(page: Page) -> None:
    page.context.set_offline(True)
    page.locator("#offline").wait_for()


def into_a_cellar(page: Page) -> None:
    page.context.set_offline(True)
    page.locator("#light[data-state=away]").wait_for()


def without_position(page: Page) -> None:
    page.get_by_role("button", name="Use this telephone’s position").click()
    page.locator("#phone-place[data-state=denied]").wait_for()


def refuse_pieces(page: Page) -> None:
    """The pieces of other rooms do not come: the page says so, and stands without them."""
    page.route(re.compile("/fragments/|/notices/restaurants/"), lambda route: route.fulfill(status=503))
    page.reload()
    page.get_by_role("button", name="Ask again").first.wait_for()


def press_in_vain(page: Page) -> None:
    """A press whose answer never comes."""
    page.route("**/accept", lambda route: route.abort())
    page.get_by_role("button", name="Accept").first.click()
    page.locator("#failed").wait_for()


def stop_following(page: Page) -> None:
    # The look before this one has left it.
    alice, shop = User.objects.get(username="alice"), Restaurant.objects.get(slug="soup-kitchen")
    followers.follow(shop.pk, user_id=alice.pk)
    page.reload()
    page.get_by_role("button", name="Stop following Soup Kitchen").click()
    page.get_by_text("You no longer follow Soup Kitchen.").wait_for()


def announce_what_stands(page: Page) -> None:
    """A shift within one that is announced already."""
    page.get_by_label("Day").select_option(index=1)
    page.get_by_label("From").fill("18:00")
    page.get_by_label("Until").fill("19:00")
    page.get_by_role("button", name="Announce it").click()
    page.get_by_text("You have announced tomorrow 17:00–21:00 already").wait_for()


def withdraw(page: Page) -> None:
    announce_tomorrow()
    page.reload()
    page.get_by_role("button", name="Withdraw tomorrow 17:00–21:00").click()
    page.get_by_text("Withdrawn: tomorrow 17:00–21:00.").wait_for()


def second_step(page: Page) -> None:
    """As far as the code: nobody comes to this page but by the password."""
    press("Sign in", Username="eve", Password="forkroad")(page)


#: What the console says of it: the request that failed, and the stream that ended, where it noticed in time.
CUT_OFF = r"ERR_INTERNET|htmx|\[object Event\]"

STILL_ME = press("Go on", Password="forkroad")


def one_letter(scene: Scene) -> str:
    return reverse("operator-dead-letter", args=[DeadLetter.objects.order_by("pk")[0].pk])


#: Eve signs in in two steps.
ACCOUNT: list[Place] = [
    Place("account", "alice", to("account"), rare=True),
    Place("password", "alice", to("account_change_password"), rare=True),
    Place("e-mail", "alice", to("account_email"), rare=True),
    Place("e-mail, an old link", None, lambda scene: reverse("account_confirm_email", args=["x"]), rare=True),
    Place("e-mail, sent", None, to("account_email_verification_sent"), rare=True),
    Place("is it still you", "alice", to("account_reauthenticate"), rare=True),
    Place("closed", None, to("account_inactive"), rare=True),
    Place("forgotten password", None, to("account_reset_password"), rare=True),
    Place("forgotten password, sent", None, to("account_reset_password_done"), rare=True),
    Place("new password", None, lambda scene: reverse("account_reset_password_from_key", args=["1", "x-y"]), rare=True),
    Place("new password, done", None, to("account_reset_password_from_key_done"), rare=True),
    Place("two steps, off", "alice", to("mfa_index"), rare=True),
    Place("two steps", "eve", to("mfa_index"), rare=True),
    Place("two steps, enrol", "alice", to("mfa_activate_totp"), STILL_ME),
    Place("two steps, switch off", "eve", to("mfa_deactivate_totp"), STILL_ME, rare=True),
    Place("recovery codes", "eve", to("mfa_view_recovery_codes"), STILL_ME, rare=True),
    Place("recovery codes, new", "eve", to("mfa_generate_recovery_codes"), STILL_ME, rare=True),
    Place("second step", None, to("mfa_authenticate"), second_step, rare=True),
    Place("second step, again", "eve", to("mfa_reauthenticate"), rare=True),
]

PLACES: list[Place] = [
    Place("home", None, to("home")),
    Place("home, a slip forgiven", None, lambda scene: "/?words=soop", rare=True),
    Place("home, nothing found", None, lambda scene: "/?words=zzzzqq", rare=True),
    Place("menu", None, menu),
    Place("menu, empty and paused", None, lambda scene: reverse("orders:restaurant", args=["noodle-bar"]), rare=True),
    Place("basket, empty", None, to("orders:basket"), rare=True),
    Place("basket", "alice", menu, put_in_basket, "/basket/"),
    Place("checkout", "alice", menu, put_in_basket, "/checkout/", rare=True),
    Place("checkout, refused", "alice", menu, pay_without_a_door, console="422"),
    Place("orders", "alice", to("orders:mine")),
    Place("orders, none", "bob", to("orders:mine"), rare=True),
    Place("order, unpaid", "alice", of_order("orders:order", "unpaid"), rare=True),
    Place("order, cooking", "alice", of_order("orders:order", "cooking")),
    Place("order, with a code", "alice", of_order("orders:order", "bag"), rare=True),
    Place("order, delivered", "alice", of_order("orders:order", "delivered"), rare=True),
    Place("order, cancelled", "alice", of_order("orders:order", "cancelled"), rare=True),
    Place("receipt", "alice", of_order("orders:receipt", "delivered")),
    Place("addresses", "alice", to("addresses")),
    Place("delete my data", "alice", to("erase-me"), rare=True),
    Place("kitchen", "r-soup-kitchen", to("orders:kitchen")),
    Place("kitchen, ready", "r-soup-kitchen", lambda scene: f"{reverse('orders:kitchen')}?tab=ready", rare=True),
    Place("kitchen, paused and empty", "r-noodle-bar", to("orders:kitchen")),
    Place(
        "kitchen, a press in vain",
        "r-soup-kitchen",
        to("orders:kitchen"),
        press_in_vain,
        rare=True,
        console="ERR_FAILED|htmx:",
    ),
    Place("courier", "c-01", to("delivery:courier")),
    Place("courier, offline", "c-02", to("delivery:courier"), rare=True),
    Place("courier, no position", "c-01", to("delivery:courier"), without_position, rare=True),
    Place("courier, an offer", "c-03", to("delivery:courier"), rare=True),
    Place("courier, no connection", "c-01", to("delivery:courier"), into_a_cellar, console=CUT_OFF, rare=True),
    Place("courier, nothing but the shell", None, to("delivery:no-connection"), rare=True),
    Place("earnings", "c-01", to("delivery:earnings")),
    Place("earnings, none", "c-02", to("delivery:earnings"), rare=True),
    Place("shifts", "c-01", to("delivery:shifts")),
    Place("shifts, none", "c-02", to("delivery:shifts"), rare=True),
    Place("shifts, refused", "c-01", to("delivery:shifts"), announce_what_stands, rare=True, console="422"),
    Place("shifts, withdrawn", "c-01", to("delivery:shifts"), withdraw, rare=True),
    Place("inbox", "alice", to("notifications:inbox")),
    Place("inbox, empty", "bob", to("notifications:inbox"), rare=True),
    Place("restaurants followed", "alice", to("follows")),
    Place("restaurants followed, one left", "alice", to("follows"), stop_following, rare=True),
    Place("restaurants followed, none", "bob", to("follows"), rare=True),
    Place("what you hear", "alice", to("notifications:preferences")),
    Place("unsubscribe", None, lambda scene: urlsplit(unsubscribe_url(scene.alice.pk, "receipt")).path, rare=True),
    Place("fraud", "operator", to("operator-fraud")),
    Place("fraud, a case", "operator", of_order("operator-fraud-case", "cooking"), rare=True),
    Place("delivery fees", "operator", to("operator-pricing"), rare=True),
    Place("market", "operator", to("operator-monitoring"), rare=True),
    Place("fee record", "operator", to("operator-compliance"), rare=True),
    Place("audit", "operator", to("analytics:audit"), rare=True),
    Place("incidents", "operator", to("operator-incidents")),
    Place(
        "incident",
        "operator",
        lambda scene: reverse("operator-incident", args=[Incident.objects.by_need()[0].pk]),
        rare=True,
    ),
    Place("incidents, none", "operator", lambda scene: f"{reverse('operator-incidents')}?page=99", rare=True),
    Place("city", "operator", to("operator"), rare=True),
    Place("orders of the city", "operator", to("operator-orders"), rare=True),
    Place("orders of the city, none", "operator", lambda scene: f"{reverse('operator-orders')}?words=zzzz", rare=True),
    Place("story", "operator", of_order("operator-story", "delivered"), rare=True),
    Place("story, cancelled", "operator", of_order("operator-story", "cancelled"), rare=True),
    Place("story, waits for a courier", "operator", of_order("operator-story", "counter"), rare=True),
    Place("money", "operator", to("operator-money"), rare=True),
    Place("history", "operator", to("operator-history"), rare=True),
    Place("faults", "operator", to("operator-faults"), rare=True),
    Place("workers over time", "operator", to("operator-scaling"), rare=True),
    Place("audit, asked wrongly", "operator", lambda scene: f"{reverse('analytics:audit')}?order=x&since=y", rare=True),
    Place("compare", None, to("compare"), rare=True),
    Place("compare, may run", "operator", to("compare"), rare=True),
    Place("choose", None, to("choose"), rare=True),
    Place("design", None, to("design")),
    Place("sign in", None, to("account_login"), rare=True),
    Place("sign in, wrong", None, to("account_login"), press("Sign in", Username="alice", Password="wrong"), rare=True),
    Place("sign up", None, to("account_signup"), rare=True),
    Place("sign out", "alice", to("account_logout"), rare=True),
    *ACCOUNT,
    Place("address", "alice", home_address, rare=True),
    Place("address, wrong", "newcomer", to("addresses"), press("Save the address"), rare=True, console="422"),
    Place("mail of the demo", "alice", to("notifications:mails"), rare=True),
    Place("who brings it, without script", "alice", of_order("delivery:courier-of", "bag"), rare=True),
    Place("home, no connection", "alice", to("home"), cut_off, console="ERR_INTERNET", rare=True),
    Place("menu, without its pieces", None, menu, refuse_pieces, console="503", rare=True),
    Place("map", "operator", to("operator-map")),
    Place("story, cooking", "operator", of_order("operator-story", "cooking"), rare=True),
    Place("dead letters", "operator", to("operator-dead-letters")),
    Place("dead letters, none", "operator", lambda scene: "/operator/dead-letters/?road=kafka", rare=True),
    Place("dead letter", "operator", one_letter, rare=True),
    Place("replay", "operator", to("operator-replay")),
    Place(
        "replay, refused",
        "operator",
        to("operator-replay"),
        press("Start", From="2026-05-04T12:00"),
        rare=True,
        console="422",
    ),
    Place(
        "history, asked wrongly", "operator", lambda scene: f"{reverse('operator-history')}?ask=hour&hours=0", rare=True
    ),
    Place("not there", None, lambda scene: "/nothing/like/it", rare=True, console="404"),
    Place("not yours", "alice", to("orders:kitchen"), console="403"),
    Place("form out of date", None, to("account_login"), without_cookies, console="403", rare=True),
    Place("broken", None, to("home"), shown_as("500.html"), rare=True),
    Place("not understood", None, to("home"), shown_as("400.html"), rare=True),
]

#: What is no page of its own, by the name of its address: pieces of pages, presses, files, and what programs ask for.
NO_PAGES: dict[str, set[str]] = {
    "a piece": {
        *("orders:rating", "orders:money", "orders:kitchen-alarm", "orders:kitchen-numbers"),
        *("delivery:map-of", "delivery:promise-for", "analytics:for-you", "analytics:also-ordered"),
        *("notifications:unread", "notifications:following", "notifications:posts", "notifications:mail-html"),
        *("operator-roads", "operator-promises", "operator-incident-count", "operator-traces"),
        *("operator-order-promises", "operator-couriers", "operator-order-money", "operator-actions"),
    },
    "a press": {
        *("demo-sign-in", "address-default", "address-remove", "analytics:consent", "compare-run"),
        *("orders:add", "orders:change", "orders:cancel", "orders:again", "orders:rate", "orders:waive-code"),
        *("orders:problem", "orders:kitchen-accept", "orders:kitchen-reject", "orders:kitchen-rules"),
        *("orders:kitchen-later", "orders:kitchen-ready", "orders:kitchen-cancel", "orders:kitchen-item"),
        *("orders:kitchen-post", "orders:kitchen-pause"),
        *("delivery:online", "delivery:offline", "delivery:accept", "delivery:decline", "delivery:picked-up"),
        *("delivery:delivered", "delivery:cannot-go-on", "delivery:understood", "delivery:withdraw-shift"),
        *("notifications:read-all", "notifications:open", "notifications:stand-in"),
        *("notifications:add-device", "notifications:remove-device", "notifications:follow", "follows-change"),
        *("operator-incident-handle", "operator-fraud-judge", "operator-refund-decide", "operator-hand-over"),
        *("operator-refund", "operator-cancel", "operator-bounds", "operator-speed", "operator-break"),
        *("operator-dead-letter-settle", "operator-replay-start", "operator-replay-call-off"),
    },
    "a way on": {"orders:restaurant-by-id", "account_set_password", "account_confirm_login_code"},
    "a file": {
        *("delivery:city-layers", "delivery:manifest", "delivery:worker", "notifications:worker"),
        "mfa_download_recovery_codes",
    },
    "for programs": {"orders:payments-webhook", "analytics:browsing", "live", "live-board", "live-map", "metrics"},
}


def looks(places: Iterable[Place], *, full: bool, named: str = "") -> Iterator[tuple[Place, str, int]]:
    """Each place in light and in dark, on a phone and on a desk; in short most of them once, taking turns.

    `named` is a pattern of their names: with it, those alone, rare ones too.
    """
    ways = [("light", 1280), ("dark", 360), ("dark", 1280), ("light", 360)]
    wanted = [place for place in places if re.search(named, place.name) and (full or named or not place.rare)]
    for turn, place in enumerate(wanted):
        for scheme, width in ways if full else [ways[turn % 2]]:
            yield place, scheme, width
