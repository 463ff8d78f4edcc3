"""The courier's half of the JSON API."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role
from delivery import offers
from delivery.models import Courier
from orders import lifecycle
from orders.city import city_now
from orders.lifecycle import Actor
from orders.models import City
from tests import factories
from tests.contracts.conftest import Caller

from .conftest import let_run_out, offer_to

pytestmark = pytest.mark.django_db

HERE = {"latitude": 48.2, "longitude": 16.37}


@pytest.fixture
def caller(courier: Courier) -> Caller:
    return Caller(courier.user)


def test_a_delivery_from_going_online_to_the_door() -> None:
    courier = factories.make_courier(online=False)
    caller = Caller(courier.user)
    order = factories.ready_order()
    status, desk = caller.post("/courier/announced", {"starts_at": (city_now() + timedelta(minutes=5)).isoformat()})
    assert (status, desk["online"]) == (200, False)
    status, desk = caller.post("/courier/online", HERE)
    assert (status, desk["online"], desk["offer"], desk["jobs"]) == (200, True, None, [])
    offer = offer_to(courier, order)

    status, desk = caller.get("/courier")
    assert (status, desk["offer"]["id"], desk["offer"]["order"]) == (200, str(offer.id), str(order.id))
    assert desk["offer"]["pickup"] == {"name": "Soup Kitchen", **HERE}
    assert 40 < desk["offer"]["seconds_left"] <= 45

    assert caller.post(f"/courier/offers/{offer.id}/accept") == (200, {"id": str(offer.id), "state": "accepted"})
    _, desk = caller.get("/courier")
    assert (desk["offer"], [job["status"] for job in desk["jobs"]]) == (None, ["ready"])
    assert desk["jobs"][0]["dropoff"] == {"name": "1 Test Lane", "latitude": 48.209, "longitude": 16.37}

    for _ in range(2):
        status, stage = caller.post(f"/courier/orders/{order.id}/picked-up")
        assert (status, stage["status"]) == (200, "picked_up")
    for _ in range(2):
        status, stage = caller.post(f"/courier/orders/{order.id}/delivered")
        assert (status, stage["status"]) == (200, "delivered")
    _, desk = caller.get("/courier")
    assert (desk["jobs"], desk["latitude"]) == ([], 48.209)
    status, desk = caller.post("/courier/offline")
    assert (status, desk["online"]) == (200, False)


def test_shifts_are_announced_listed_and_withdrawn(courier: Courier, colleague: Courier, caller: Caller) -> None:
    # given
    tomorrow = (city_now() + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
    nine, noon, ten = (f"{tomorrow:%Y-%m-%dT}{at}:00Z" for at in ("09:00", "12:00", "22:00"))
    hours: list[dict[str, str | None]] = [{"starts_at": nine, "until": noon}, {"starts_at": ten, "until": None}]
    # when, then: said twice is announced once
    for said in (*hours, hours[0]):
        assert caller.post("/courier/announced", said)[0] == 200
    status, listed = caller.get("/courier/announced")
    assert (status, [{name: each[name] for name in ("starts_at", "until")} for each in listed]) == (200, hours)
    # when, then: each refusal has its code
    for wrong, answer in (
        ({"starts_at": nine, "until": ten}, (422, "too_long")),
        ({"starts_at": noon, "until": nine}, (422, "ends_first")),
        ({"starts_at": "2020-01-01T09:00:00Z"}, (422, "past")),
        ({"starts_at": "2420-01-01T09:00:00Z"}, (422, "too_far")),
        ({"starts_at": f"{tomorrow:%Y-%m-%dT}11:00:00Z", "until": f"{tomorrow:%Y-%m-%dT}13:00:00Z"}, (409, "overlap")),
        ({"starts_at": f"{tomorrow:%Y-%m-%dT}11:00:00"}, (422, "invalid")),
    ):
        status, refused = caller.post("/courier/announced", wrong)
        assert (status, refused["code"]) == answer
    # when, then: another's is no shift; one's own is withdrawn once
    address = f"/courier/announced/{listed[0]['id']}/withdraw"
    assert Caller(colleague.user).post(address)[0] == 404
    assert Caller(colleague.user).get("/courier/announced") == (200, [])
    assert caller.post(address) == (200, listed[1:])
    assert caller.post(address)[0] == 404


def test_the_desk_takes_few_queries(
    courier: Courier, caller: Caller, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    Courier.objects.update(capacity=3)
    offers.accept(offer_to(courier).id, courier=courier)
    offer_to(courier)
    with django_assert_max_num_queries(4):
        status, desk = caller.get("/courier")
    assert (status, len(desk["jobs"]), desk["offer"] is None) == (200, 1, False)


def test_where_somebody_lives_is_told_to_who_brings_the_order_only(courier: Courier, caller: Caller) -> None:
    offer_to(courier)
    _, desk = caller.get("/courier")
    assert desk["offer"]["dropoff"]["name"] == ""
    assert "Lane" not in str(desk)


def test_a_bundle_is_one_offer_with_the_way_to_go(courier: Courier, caller: Caller) -> None:
    Courier.objects.update(capacity=2)
    first, second = factories.ready_order(), factories.accepted_order()
    offer = offers.make(first.id, second.id, courier_id=courier.pk)
    assert offer is not None
    both = [str(first.id), str(second.id)]

    def way(stops: list[dict[str, Any]]) -> list[tuple[str, list[str], bool, str]]:
        return [(stop["kind"], stop["orders"], stop["ready"], stop["place"]["name"]) for stop in stops]

    _, desk = caller.get("/courier")
    assert (desk["offer"]["orders"], desk["stops"]) == (both, [])
    assert way(desk["offer"]["stops"]) == [
        ("pickup", both, False, "Soup Kitchen"),
        ("dropoff", both[:1], False, ""),
        ("dropoff", both[1:], False, ""),
    ]
    caller.post(f"/courier/offers/{offer.id}/accept")
    caller.post(f"/courier/orders/{first.id}/picked-up")
    _, desk = caller.get("/courier")
    assert [job["order"] for job in desk["jobs"]] == both
    assert way(desk["stops"]) == [
        ("pickup", both[1:], False, "Soup Kitchen"),
        ("dropoff", both[:1], True, "1 Test Lane"),
        ("dropoff", both[1:], False, "1 Test Lane"),
    ]


def test_seconds_left_are_wall_seconds(courier: Courier, caller: Caller) -> None:
    order = factories.accepted_order()
    City.objects.update(speed=30, offer_seconds=60, offer_wall_seconds=20)
    offer_to(courier, order)
    _, desk = caller.get("/courier")
    assert 18 < desk["offer"]["seconds_left"] <= 20


@pytest.mark.parametrize("verb", ["accept", "decline"])
def test_the_offer_of_another_is_404(courier: Courier, colleague: Courier, verb: str) -> None:
    offer = offer_to(courier)
    for offer_id in (offer.id, uuid.uuid4()):
        status, answer = Caller(colleague.user).post(f"/courier/offers/{offer_id}/{verb}")
        assert (status, answer["code"]) == (404, "not_found")


@pytest.mark.parametrize("verb", ["picked-up", "delivered"])
def test_the_order_of_another_is_404(courier: Courier, colleague: Courier, verb: str) -> None:
    order = factories.ready_order()
    offers.accept(offer_to(courier, order).id, courier=courier)
    for order_id in (order.id, uuid.uuid4()):
        status, answer = Caller(colleague.user).post(f"/courier/orders/{order_id}/{verb}")
        assert (status, answer["code"]) == (404, "not_found")


def test_an_offer_that_is_gone_says_why(courier: Courier, colleague: Courier, caller: Caller) -> None:
    order = factories.accepted_order()
    late = offer_to(courier, order)
    let_run_out(late)
    accept = f"/courier/offers/{late.id}/accept"
    assert [caller.post(accept)[0], caller.post(accept)[1]["code"]] == [409, "expired"]
    offers.expire(late.id)
    assert caller.post(accept)[1]["code"] == "expired"
    offers.accept(offer_to(colleague, order).id, courier=colleague)
    assert caller.post(accept)[1]["code"] == "taken"

    second = offer_to(courier)
    offers.withdraw(second.id, reason="order_ended")
    status, answer = caller.post(f"/courier/offers/{second.id}/accept")
    assert (status, answer["code"]) == (409, "withdrawn")


def test_too_early_or_too_late_is_409(courier: Courier, caller: Caller) -> None:
    order = factories.accepted_order()
    offers.accept(offer_to(courier, order).id, courier=courier)
    status, answer = caller.post(f"/courier/orders/{order.id}/picked-up")
    assert (status, answer["code"], answer["status"]) == (409, "illegal_transition", "accepted")
    assert caller.post("/courier/offline")[1]["code"] == "carrying"
    lifecycle.cancel(order.id, by=Actor("operator"), reason="test")
    status, answer = caller.post(f"/courier/orders/{order.id}/picked-up")
    assert (status, answer["code"], answer["status"]) == (409, "illegal_transition", "cancelled")


def test_only_couriers_may(courier: Courier) -> None:
    for user in (factories.alice(), factories.make_user("nobody-yet", Role.COURIER)):
        status, answer = Caller(user).get("/courier")
        assert (status, answer["code"]) == (403, "wrong_role")
    assert Caller().get("/courier")[0] == 401
