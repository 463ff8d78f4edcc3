"""How often a page asks the database: a number for each, which does not grow with what there is to show.

The numbers are upper bounds of what was counted, those of the session and of the account (two) among them; a page that
needs more has to be looked at, and one that needs fewer may have its number lowered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from messaging.models import DeadLetter, Incident
from tests.browser.scene import Scene, menu, of_order, set_scene, to

from .conftest import sign_in
from .growing import Town, fill_basket

Address = Callable[[Scene], str]


def in_shop(name: str) -> Address:
    return lambda scene: reverse(name, args=[scene.shop.pk])


def in_menu(name: str) -> Address:
    return lambda scene: f"{reverse(name)}?restaurant={scene.shop.pk}"


def when(scene: Scene) -> str:
    door = scene.alice.addresses.order_by("pk")[0]
    return f"{reverse('delivery:promise-for', args=[scene.shop.slug])}?door={door.pk}"


def one_letter(scene: Scene) -> str:
    return reverse("operator-dead-letter", args=[DeadLetter.objects.order_by("pk")[0].pk])


def one_incident(scene: Scene) -> str:
    return reverse("operator-incident", args=[Incident.objects.order_by("pk")[0].pk])


def add_query(address: Address, query: str) -> Address:
    return lambda scene: f"{address(scene)}?{query}"


#: Page or piece of one → who looks, where, and the most queries.
PAGES: dict[str, tuple[str | None, Address, int]] = {
    "front": (None, to("home"), 6),
    "front, signed in": ("alice", to("home"), 8),
    "front, a search": (None, lambda scene: "/?words=soop", 7),
    "menu": (None, menu, 8),
    "menu, signed in": ("alice", menu, 11),
    "basket": ("alice", to("orders:basket"), 10),
    "checkout": ("alice", to("orders:checkout"), 11),
    "checkout: when": ("alice", when, 6),
    "orders": ("alice", to("orders:mine"), 4),
    "order, cooking": ("alice", of_order("orders:order", "cooking"), 6),
    "order, in the bag": ("alice", of_order("orders:order", "bag"), 6),
    "order, delivered": ("alice", of_order("orders:order", "delivered"), 8),
    "order: who brings it": ("alice", of_order("delivery:courier-of", "bag"), 13),
    "order: the map": ("alice", of_order("delivery:map-of", "bag"), 6),
    "order: money": ("alice", of_order("orders:money", "delivered"), 6),
    "order: rating": ("alice", of_order("orders:rating", "delivered"), 6),
    "receipt": ("alice", of_order("orders:receipt", "delivered"), 7),
    "follows": ("alice", in_shop("notifications:following"), 5),
    "for you": ("alice", to("analytics:for-you"), 5),
    "for you, on a menu": ("alice", in_menu("analytics:for-you"), 5),
    "often ordered": (None, in_shop("analytics:also-ordered"), 1),
    "addresses": ("alice", to("addresses"), 4),
    "account": ("alice", to("account"), 4),
    "inbox": ("alice", to("notifications:inbox"), 5),
    "inbox: unread": ("alice", to("notifications:unread"), 3),
    "restaurants followed": ("alice", to("follows"), 11),
    "preferences": ("alice", to("notifications:preferences"), 5),
    "courier, with orders": ("c-01", to("delivery:courier"), 10),
    "courier, offline": ("c-02", to("delivery:courier"), 13),
    "courier, an offer": ("c-03", to("delivery:courier"), 8),
    "earnings": ("c-01", to("delivery:earnings"), 6),
    "shifts": ("c-01", to("delivery:shifts"), 5),
    "map: layers": (None, to("delivery:city-layers"), 2),
    "kitchen": ("r-soup-kitchen", to("orders:kitchen"), 13),
    "kitchen, cooking": ("r-soup-kitchen", add_query(to("orders:kitchen"), "tab=accepted"), 13),
    "kitchen, ready": ("r-soup-kitchen", add_query(to("orders:kitchen"), "tab=ready"), 13),
    "kitchen: the alarm": ("r-soup-kitchen", to("orders:kitchen-alarm"), 7),
    "kitchen: numbers": ("r-soup-kitchen", to("orders:kitchen-numbers"), 7),
    "kitchen: posts": ("r-soup-kitchen", to("notifications:posts"), 4),
    "city": ("operator", to("operator"), 35),
    "city, one zone": ("operator", add_query(to("operator"), "zone=centre"), 30),
    "city: promises": ("operator", to("operator-promises"), 3),
    "city: roads": ("operator", to("operator-roads"), 6),
    "map": ("operator", to("operator-map"), 7),
    "orders of the city": ("operator", to("operator-orders"), 5),
    "story": ("operator", of_order("operator-story", "cooking"), 20),
    "story: couriers": ("operator", of_order("operator-couriers", "cooking"), 23),
    "story: promises": ("operator", of_order("operator-order-promises", "cooking"), 4),
    "story: actions": ("operator", of_order("operator-actions", "cooking"), 3),
    "story: money": ("operator", of_order("operator-order-money", "delivered"), 8),
    "story: traces": ("operator", of_order("operator-traces", "cooking"), 4),
    "incidents": ("operator", to("operator-incidents"), 7),
    "incident": ("operator", one_incident, 7),
    "money": ("operator", to("operator-money"), 8),
    "fraud": ("operator", to("operator-fraud"), 9),
    "fraud, a case": ("operator", of_order("operator-fraud-case", "cooking"), 9),
    "fees": ("operator", to("operator-pricing"), 10),
    "market": ("operator", to("operator-monitoring"), 7),
    "fee record": ("operator", to("operator-compliance"), 8),
    "dead letters": ("operator", to("operator-dead-letters"), 7),
    "dead letter": ("operator", one_letter, 6),
    "replay": ("operator", to("operator-replay"), 6),
    "history": ("operator", to("operator-history"), 4),
    "audit": ("operator", to("analytics:audit"), 6),
    "workers": ("operator", to("operator-scaling"), 5),
    "faults": ("operator", to("operator-faults"), 6),
    "compare": (None, to("compare"), 2),
    "choose": (None, to("choose"), 0),
    "sign in": (None, to("account_login"), 1),
}


class Counted(dict[str, list[str]]):
    """Page → its statements, without the savepoints of a test's own transaction."""


def look(town: Town, clients: dict[str | None, Client]) -> Counted:
    counted = Counted()
    for name, (who, address, _) in PAGES.items():
        path = address(town.scene)
        # What is read once a process is not counted.
        clients[who].get(path)
        with CaptureQueriesContext(connection) as queries:
            answer = clients[who].get(path)
        assert answer.status_code == 200, name
        said = [query["sql"] for query in queries.captured_queries]
        counted[name] = [sql for sql in said if not sql.startswith(("SAVEPOINT", "RELEASE"))]
    return counted


def more(before: Counted, after: Counted) -> Iterator[str]:
    for name, queries in after.items():
        extra = list(queries)
        for sql in before[name]:
            same = next((each for each in extra if each[:60] == sql[:60]), None)
            if same:
                extra.remove(same)
        if len(queries) != len(before[name]):
            yield f"{name}: {len(before[name])} → {len(queries)}, new are {[sql[:160] for sql in extra]}"


@pytest.mark.django_db
def test_no_page_asks_more_often_than_its_number_nor_more_for_more_rows(namespace: str, settings: Any) -> None:
    # given
    settings.DEMO = True
    scene = set_scene()
    town = Town(scene)
    town.grow()
    names = {who for who, _, _ in PAGES.values()}
    clients = {who: sign_in(User.objects.get(username=who)) if who else Client() for who in names}
    fill_basket(scene, clients["alice"])
    # when
    before = look(town, clients)
    town.grow()
    fill_basket(scene, clients["alice"])
    after = look(town, clients)
    # then
    assert list(more(before, after)) == []
    assert {name: len(queries) for name, queries in after.items() if len(queries) > PAGES[name][2]} == {}
