"""What is looked over once the town is busy: pages with data on them, and states that somebody's deeds have led to."""

from __future__ import annotations

from django.urls import reverse
from playwright.sync_api import Page, Route

from tests.browser.places import PLACES, Place, press, put_in_basket
from tests.browser.scene import Scene, menu, of_order, to


def ask_of_a_rule(page: Page) -> None:
    page.get_by_label("Question").select_option("rule")
    press("Ask")(page)


def alone(page: Page) -> None:
    """A mail outside of its frame and without the frame's policy, under which nothing could be asked of it."""
    page.route("**/html", _without_policy)
    page.reload()


def _without_policy(route: Route) -> None:
    answer = route.fetch()
    headers = {name: value for name, value in answer.headers.items() if name != "content-security-policy"}
    route.fulfill(response=answer, headers=headers)


def inn(scene: Scene) -> str:
    """The menu of which people order more than one dish."""
    return reverse("orders:restaurant", args=["corner-inn"])


def the_mail(name: str) -> str:
    """The first that came: its number is the receiver's."""
    return reverse(f"notifications:{name}", args=[1])


BUSY: list[Place] = [
    # First what fades: charts of the last quarter of an hour.
    Place(
        "delivery fees, busy", "operator", to("operator-pricing"), rare=True, shows="orders wait for each courier free"
    ),
    Place("market, busy", "operator", to("operator-monitoring"), shows="no ticks came"),
    Place("workers, busy", "operator", to("operator-scaling"), rare=True, shows="240 wait"),
    Place(
        "fee record, broken",
        "operator",
        to("operator-compliance"),
        rare=True,
        shows="the fee charged is not the fee shown",
    ),
    Place("faults, broken", "operator", to("operator-faults"), shows="Something is broken"),
    Place("city, busy", "operator", to("operator"), shows="Corner Inn"),
    Place(
        "city, one zone", "operator", lambda scene: f"{reverse('operator')}?zone=harbour", rare=True, shows="Corner Inn"
    ),
    Place("audit, entries", "operator", to("analytics:audit"), shows="order.placed"),
    Place(
        "audit, no entry",
        "operator",
        lambda scene: f"{reverse('analytics:audit')}?type=x",
        rare=True,
        shows="No entry answers.",
    ),
    Place("history, the hour", "operator", to("operator-history"), press("Ask"), rare=True, shows="Orders placed then"),
    Place("history, another rule", "operator", to("operator-history"), ask_of_a_rule, rare=True, shows="(as it is)"),
    Place(
        "history, refused",
        "operator",
        lambda scene: f"{reverse('operator-history')}?ask=hour&hours=1&since=0001-01-01T00:00&within=45&at_risk=30",
        rare=True,
        shows="date value out of range",
    ),
    Place("replay, under way", "operator", to("operator-replay"), rare=True, shows="Call it off"),
    Place("compare, played", None, to("compare"), rare=True, shows="Otherwise than stated:"),
    Place("money, asked back", "operator", to("operator-money"), shows="An hour after it was promised"),
    Place("story, told", "operator", of_order("operator-story", "delivered"), rare=True, shows="POST /checkout/"),
    Place("story, stuck", "operator", of_order("operator-story", "stuck"), rare=True, shows="cannot go on"),
    Place("home, advised", "alice", to("home"), shows="For you"),
    Place("home, busy", None, to("home"), rare=True, shows="Popular now"),
    Place("menu, busy and advised", "alice", menu, rare=True, shows="Often ordered here"),
    Place("menu, with a basket", "alice", inn, put_in_basket, rare=True, shows="Goes well with your basket"),
    Place("basket, busy", "alice", menu, put_in_basket, "/basket/", rare=True, shows="Busy now: delivery"),
    Place("checkout, busy", "alice", menu, put_in_basket, "/checkout/", rare=True, shows="Busy now: delivery"),
    Place("order, paid", "alice", of_order("orders:order", "delivered"), shows="Ask for the money back"),
    Place("order, the bank asks", "alice", of_order("orders:order", "bank"), rare=True, shows="Confirm at your bank"),
    Place("receipt, paid", "alice", of_order("orders:receipt", "delivered"), rare=True, shows="Given back"),
    Place("kitchen, paused by itself", "r-old-mill", to("orders:kitchen"), rare=True, shows="Paused by itself"),
    Place("courier, a bundle", "c-04", to("delivery:courier"), rare=True, shows="2 orders of one restaurant for you"),
    Place(
        "courier, helped", "c-05", to("delivery:courier"), rare=True, shows="An operator knows that you cannot go on"
    ),
    Place("earnings, confirmed", "c-01", to("delivery:earnings"), rare=True, shows="Day by day"),
    Place("inbox, full", "alice", to("notifications:inbox"), rare=True, shows="Mark all as read"),
    Place("what you hear, and where", "alice", to("notifications:preferences"), rare=True, shows="since"),
    Place(
        "mails of the demo", "operator", to("notifications:mails"), rare=True, shows="Your receipt from Soup Kitchen"
    ),
    Place(
        "mails of the demo, none found", "operator", lambda scene: "/mail/?words=zzzz", rare=True, shows="No mail with"
    ),
    Place("a mail", "alice", lambda scene: the_mail("mail"), rare=True, shows="Headers"),
    Place(
        "a mail, as its reader sees it",
        "alice",
        lambda scene: the_mail("mail-html"),
        alone,
        rare=True,
        shows="No more e-mail of this kind",
    ),
]

EVERYWHERE: list[Place] = [*PLACES, *BUSY]
