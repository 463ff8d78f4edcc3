"""The courier's page as an app: what is kept on a telephone, what never is; giving back, earnings, lost races."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from delivery import couriers, offers
from delivery.models import Courier
from delivery.views.app import SHELL
from delivery.views.earnings import columns
from orders.city import city_now
from orders.lifecycle import SYSTEM
from orders.models import Order, Posting
from orders.payments import tasks as payments
from orders.payments.earnings import courier_days, total_of
from tests import factories
from tests.delivery.conftest import offer_to

from .conftest import sign_in

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def courier() -> Courier:
    return factories.make_courier(capacity=3)


@pytest.fixture
def road(courier: Courier) -> Client:
    return sign_in(courier.user)


def taken(courier: Courier, order: Order | None = None) -> Order:
    order = order or factories.ready_order()
    offers.accept(offer_to(courier, order).pk, courier=courier)
    return order


def desk(client: Client) -> str:
    return client.get(reverse("delivery:courier"), headers=HTMX).content.decode()


def give_back(client: Client, order: Order, reason: str) -> str:
    answer = client.post(reverse("delivery:cannot-go-on", args=[order.pk]), {"reason": reason}, headers=HTMX)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_manifest_is_one_that_a_telephone_installs(anybody: Client) -> None:
    answer = anybody.get(reverse("delivery:manifest"))
    manifest = answer.json()
    assert answer["Content-Type"] == "application/manifest+json"
    assert (manifest["start_url"], manifest["display"], manifest["scope"]) == ("/courier/", "standalone", "/")
    assert {icon["sizes"] for icon in manifest["icons"]} == {"192x192", "512x512"}
    for icon in manifest["icons"]:
        picture = finders.find(icon["src"].removeprefix("/static/"))
        assert picture is not None
        header = Path(picture).read_bytes()[:24]
        width, height = (int.from_bytes(header[at : at + 4], "big") for at in (16, 20))
        assert (header[1:4], f"{width}x{height}") == (b"PNG", icon["sizes"])


def test_the_worker_keeps_the_shell_and_nothing_that_only_the_server_knows(anybody: Client) -> None:
    answer = anybody.get(reverse("delivery:worker"))
    script = answer.content.decode()
    assert answer["Content-Type"].startswith("text/javascript")
    assert (answer["Cache-Control"], reverse("delivery:worker")) == ("no-cache", "/courier/worker.js")
    kept = re.findall(r'"(/[^"]+)"', script.splitlines()[0])
    assert kept == ["/courier/no-connection", "/courier/", *(f"/static/{name}" for name in SHELL)]
    assert "cache.put" not in script, "no answer is added to what was kept at the beginning"


def test_what_is_kept_is_the_same_for_everybody(road: Client, anybody: Client) -> None:
    page = anybody.get(reverse("delivery:no-connection"))
    assert page.content == road.get(reverse("delivery:no-connection")).content
    assert "Set-Cookie" not in page.headers and "csrf" not in page.content.decode()


def test_the_security_policy_lets_the_worker_and_the_manifest_in(anybody: Client) -> None:
    policy = anybody.get(reverse("delivery:no-connection"))["Content-Security-Policy"]
    assert "worker-src 'self'" in policy and "manifest-src 'self'" in policy


def test_an_offer_says_what_it_pays_how_far_it_is_and_where_roughly(courier: Courier, road: Client) -> None:
    orders = [factories.accepted_order() for _ in range(2)]
    assert offers.make(*[order.pk for order in orders], courier_id=courier.pk)
    page = desk(road)
    assert '<strong id="pay">€\u202f5.80</strong>' in page
    assert "1002 m in all" in page
    assert (page.count("Pick up 2 orders at Soup Kitchen"), page.count("Drop off in Centre")) == (1, 2)
    stops = re.search(r'data-stops="([^"]+)"', page)
    assert stops is not None
    assert stops[1] == "pickup,48.20000,16.37000 dropoff,48.209,16.370 dropoff,48.209,16.370"


def test_the_page_counts_by_the_server_s_clock(courier: Courier, road: Client) -> None:
    offer_to(courier)
    page = desk(road)
    now, until = (int(re.search(rf'data-{name}="(\d+)"', page)[1]) for name in ("now", "until"))  # type: ignore[index]
    assert 40_000 < until - now <= 45_000


def test_of_several_orders_one_thing_is_next(courier: Courier, road: Client) -> None:
    # given: a bundle, the first of which is picked up
    first, second = factories.ready_order(), factories.ready_order()
    offer = offers.make(first.pk, second.pk, courier_id=courier.pk)
    assert offer is not None
    offers.accept(offer.pk, courier=courier)
    couriers.pick_up(first.pk, courier=courier)
    # when
    answer = road.get(reverse("delivery:courier"), headers=HTMX)
    # then: the counter comes before any door
    jobs = answer.context["desk"].jobs
    assert [(trip.order.pk, trip.next) for trip in jobs] == [(second.pk, True), (first.pk, False)]
    assert answer.context["desk"].to_earn == 580


def test_a_lost_race_is_told_as_news_and_not_as_an_error(courier: Courier, road: Client) -> None:
    order = factories.accepted_order()
    offer = offer_to(courier, order)
    offers.withdraw(offer.pk, by=SYSTEM, reason="test")
    other = factories.make_courier("c-02")
    offers.accept(offer_to(other, order).pk, courier=other)
    url = reverse("delivery:accept", args=[offer.pk])
    page = road.post(url, headers=HTMX).content.decode()
    assert '<p class="note" id="word" role="status">Taken by another courier.</p>' in page
    # and without scripts
    page = road.post(url, follow=True).content.decode()
    assert '<p class="note note-info">Taken by another courier.</p>' in page


def test_an_order_is_given_back_by_its_button(courier: Courier, road: Client) -> None:
    order = taken(courier)
    assert f"I cannot go on with {order.number}" in desk(road)
    assert f"{order.number} is given back: another courier is asked." in give_back(road, order, "too_much")
    assert f"{order.number} is not yours any more." in give_back(road, order, "too_much")
    order.refresh_from_db()
    assert (order.status, order.courier_id) == ("ready", None)


def test_with_the_order_in_the_bag_an_operator_is_called_and_the_card_says_so(courier: Courier, road: Client) -> None:
    order = taken(courier)
    couriers.pick_up(order.pk, courier=courier)
    assert "Nobody opens, and nobody answers" in desk(road)
    page = give_back(road, order, "nobody_opens")
    assert f"An operator knows that you cannot go on with {order.number}." in page
    assert "data-helped" in page and "I cannot go on" not in page and "Delivered</button>" in page


def test_a_broken_vehicle_ends_the_shift(courier: Courier, road: Client) -> None:
    order = taken(courier)
    page = give_back(road, order, "vehicle_trouble")
    assert "You are offline" in page
    assert give_back(road, order, "made up").count("Say why: choose a reason.") == 1


def test_nobody_gives_back_another_s_order(courier: Courier) -> None:
    order = taken(courier)
    other = sign_in(factories.make_courier("c-02").user)
    answer = other.post(reverse("delivery:cannot-go-on", args=[order.pk]), {"reason": "too_much"})
    assert answer.status_code == 404
    order.refresh_from_db()
    assert order.courier_id == courier.pk


def delivered(courier: Courier, *, paid: bool, days_ago: int = 0) -> Order:
    order = taken(courier)
    couriers.pick_up(order.pk, courier=courier)
    couriers.deliver(order.pk, courier=courier)
    if paid:
        payments.capture(order=str(order.pk))
    return order


def test_earnings_are_pending_until_the_payment_has_come_in(courier: Courier, road: Client) -> None:
    # given
    delivered(courier, paid=True)
    late = delivered(courier, paid=False)
    # then
    page = road.get(reverse("delivery:earnings")).content.decode()
    assert re.findall(r'<dd id="(\w+)">([^<]+)<', page) == [
        ("confirmed", "€\u202f2.90"),
        ("pending", "€\u202f2.90"),
        ("ever", "€\u202f5.80"),
    ]
    assert (page.count('class="bar"'), page.count('class="bar-2"')) == (1, 1)
    # when
    payments.capture(order=str(late.pk))
    # then
    days = courier_days(courier.pk)
    assert (days[0].orders, days[0].confirmed, days[0].pending, total_of(days)) == (2, 580, 0, (580, 0))
    assert Posting.objects.filter(kind="capture").count() == 2


def test_each_day_stands_for_itself_and_empty_ones_are_shown(courier: Courier, road: Client) -> None:
    page = road.get(reverse("delivery:earnings")).content.decode()
    assert "Nothing in the last 14 days" in page and page.count('<th scope="row">') == 14
    delivered(courier, paid=True)
    days = courier_days(courier.pk, days=3)
    assert [(day.orders, day.total) for day in days] == [(1, 290), (0, 0), (0, 0)]
    assert [day.day for day in days] == sorted((day.day for day in days), reverse=True)
    assert (city_now() - timedelta(days=2)).date() <= days[0].day
    drawn = columns(days)
    assert [round(column.confirmed) for column in drawn] == [0, 0, 104]


def test_earnings_are_a_courier_s_own(courier: Courier) -> None:
    delivered(courier, paid=True)
    other = sign_in(factories.make_courier("c-02").user)
    assert '<dd id="ever">€\u202f0.00</dd>' in other.get(reverse("delivery:earnings")).content.decode()
    assert sign_in(factories.bob()).get(reverse("delivery:earnings")).status_code == 403


def test_a_full_page_asks_no_more_than_an_empty_one(
    courier: Courier, road: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    desk(road)
    with django_assert_max_num_queries(11):
        desk(road)
    couriers.pick_up(taken(courier).pk, courier=courier)
    taken(courier)
    offer_to(courier)
    with django_assert_max_num_queries(12):  # whether an operator was called about what is in the bag
        assert desk(road).count("data-job=") == 2
