"""The fee that is shown is the fee that is charged: by quote, by PostgreSQL, and kindly where a quote has ended."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from accounts.models import User
from messaging.models import OutboxRow
from orders import checkout
from orders.checkout import AddressRequest, CheckoutRefused
from orders.models import FareStep, Order, Payment, Quote, Restaurant, ZoneFare
from orders.pricing.fares import WrongBounds, calm_silent_zones, fee_of, reprice, set_bounds
from orders.pricing.quotes import VALID, forget_quotes, quote_for
from tests import factories
from tests.pages.conftest import sign_in

pytestmark = pytest.mark.django_db

FULL = 10.0
CALM = 0.0


@pytest.fixture
def shop(settings: Any) -> Restaurant:
    """A restaurant with a usual fee of 2.90, in a zone that may ask 2.00 more."""
    settings.SURCHARGE_BOUNDS = (0, 200)
    return factories.make_restaurant(delivery_fee=290)


def order(shop: Restaurant, *, quote: uuid.UUID | None, total: int, key: str = "k") -> Order:
    return checkout.place_order(
        customer=User.objects.filter(username="alice").first() or factories.alice(),
        restaurant=shop.slug,
        lines=factories.one_soup(shop),
        address=AddressRequest("1 Test Lane", *factories.DOOR),
        card="tok_ok",
        expected_total=total,
        idempotency_key=key,
        quote_id=quote,
    )


def age(quote: Quote, by: timedelta) -> Quote:
    """The same quote, made longer ago: a copy, for a quote cannot be changed."""
    fields = {field.attname: getattr(quote, field.attname) for field in Quote._meta.concrete_fields}
    times = {"made_at": quote.made_at - by, "valid_until": quote.valid_until - by}
    return Quote.objects.create(**(fields | times | {"id": uuid.uuid4()}))


def facts(kind: str) -> list[OutboxRow]:
    return list(OutboxRow.objects.filter(destination="pricing.fees", type=kind).order_by("pk"))


def test_the_fee_that_was_shown_is_charged_though_it_has_risen_since(shop: Restaurant) -> None:
    shown = quote_for(shop)
    reprice({"centre": FULL})
    assert (shown.fee, fee_of(shop).now) == (290, 490)

    placed = order(shop, quote=shown.pk, total=900 + 290)

    assert (placed.delivery_fee, placed.total, placed.quote_id) == (290, 1190, shown.pk)
    assert Payment.objects.get().amount == 1190


def test_nor_is_less_charged_than_was_shown_when_it_has_fallen(shop: Restaurant) -> None:
    reprice({"centre": FULL})
    shown = quote_for(shop)
    reprice({"centre": CALM})
    assert order(shop, quote=shown.pk, total=900 + 490).delivery_fee == 490


def test_a_quote_is_shared_until_the_fare_or_the_usual_fee_changes(shop: Restaurant) -> None:
    first = quote_for(shop)
    assert quote_for(shop) == first
    reprice({"centre": FULL})
    second = quote_for(shop)
    assert (second.fee, second.fare_version) == (490, 1) and second != first
    Restaurant.objects.update(delivery_fee=300)
    shop.refresh_from_db()
    assert quote_for(shop).fee == 500
    assert Quote.objects.count() == 3


def test_one_that_soon_ends_is_not_shown_again(shop: Restaurant) -> None:
    shown = quote_for(shop)
    old = age(shown, timedelta(minutes=6))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM orders_quote WHERE id = %s", [shown.pk])
    assert quote_for(shop) not in (old, shown)


def test_after_its_time_the_same_fee_is_charged_by_todays_quote(shop: Restaurant) -> None:
    old = age(quote_for(shop), VALID + timedelta(seconds=1))
    placed = order(shop, quote=old.pk, total=1190)
    assert placed.delivery_fee == 290
    assert placed.quote_id is not None and placed.quote_id != old.pk


def test_after_its_time_another_fee_is_refused_and_nothing_is_charged(shop: Restaurant) -> None:
    old = age(quote_for(shop), VALID + timedelta(seconds=1))
    reprice({"centre": FULL})

    with pytest.raises(CheckoutRefused, match=r"now costs 4\.90") as refused:
        order(shop, quote=old.pk, total=1190)

    today = quote_for(shop)
    assert refused.value.code == "fee_changed"
    assert refused.value.details == {"total": 1390, "delivery_fee": 490, "quote": str(today.pk)}
    assert not Order.objects.exists() and not Payment.objects.exists()
    assert order(shop, quote=today.pk, total=1390).delivery_fee == 490


def test_another_restaurants_quote_or_none_of_ours_is_refused(shop: Restaurant) -> None:
    other = factories.make_restaurant("noodle-bar", delivery_fee=100)
    for stranger in (quote_for(other).pk, uuid.uuid4()):
        with pytest.raises(CheckoutRefused) as refused:
            order(shop, quote=stranger, total=1000)
        assert refused.value.code == "unknown_quote"
    assert not Order.objects.exists()


def test_without_a_quote_the_total_that_was_expected_decides(shop: Restaurant) -> None:
    reprice({"centre": FULL})
    with pytest.raises(CheckoutRefused) as refused:
        order(shop, quote=None, total=1190)
    assert (refused.value.code, refused.value.details["delivery_fee"]) == ("price_changed", 490)
    placed = order(shop, quote=None, total=1390)
    assert (placed.delivery_fee, placed.quote_id) == (490, None)


def test_the_same_key_gives_the_same_order_after_its_quote_has_ended(shop: Restaurant) -> None:
    shown = quote_for(shop)
    placed = order(shop, quote=shown.pk, total=1190)
    reprice({"centre": FULL})
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE orders_quote DISABLE TRIGGER quote_stands")
        cursor.execute("UPDATE orders_quote SET valid_until = now() - interval '1 second'")
        cursor.execute("ALTER TABLE orders_quote ENABLE TRIGGER quote_stands")
    assert order(shop, quote=shown.pk, total=1190) == placed


SPOILT: list[tuple[str, Callable[[Order], dict[str, Any]]]] = [
    ("another fee", lambda order: {"delivery_fee": order.delivery_fee + 50, "total": order.total + 50}),
    ("another quote", lambda order: {"quote_id": uuid.uuid4()}),
    ("another restaurant", lambda order: {"restaurant": factories.make_restaurant("noodle-bar")}),
]


@pytest.mark.parametrize(("what", "changes"), SPOILT, ids=[what for what, _ in SPOILT])
def test_postgresql_keeps_an_order_to_its_quote(shop: Restaurant, what: str, changes: Any) -> None:
    placed = order(shop, quote=quote_for(shop).pk, total=1190)
    spoilt = changes(placed)
    with pytest.raises(IntegrityError, match="order_fee_as_quoted"), transaction.atomic():
        Order.objects.filter(pk=placed.pk).update(**spoilt)

    # Without the constraint the same statement goes through: it is what refuses.
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE orders_order DROP CONSTRAINT order_fee_as_quoted")
    assert Order.objects.filter(pk=placed.pk).update(**spoilt) == 1


def test_a_quote_is_never_changed_nor_made_outside_the_bounds(shop: Restaurant) -> None:
    shown = quote_for(shop)
    with pytest.raises(IntegrityError, match="make another"), transaction.atomic():
        Quote.objects.filter(pk=shown.pk).update(fee=310)
    common = {"restaurant": shop, "zone": "centre", "fare_version": 1, "usual": 290, "lowest": 0, "highest": 200}
    for fee in (289, 491):
        with pytest.raises(IntegrityError, match="quote_within_bounds"), transaction.atomic():
            Quote.objects.create(**common, fee=fee, valid_until=Now())


def test_a_fare_moves_in_steps_and_tells_of_each(shop: Restaurant) -> None:
    assert reprice({"centre": CALM}) == 0 and not ZoneFare.objects.exists()
    assert [reprice({"centre": value}) for value in (2.0, 2.0, FULL, 2.6, CALM)] == [1, 0, 1, 1, 1]
    steps = list(FareStep.objects.order_by("version").values_list("version", "surcharge", "reason"))
    assert steps == [(1, 50, "demand"), (2, 200, "demand"), (3, 100, "demand"), (4, 0, "demand")]
    assert [(row.key, row.sequence) for row in facts("fare.changed")] == [("centre", n) for n in (1, 2, 3, 4)]


def test_bounds_hold_at_once_and_are_told(shop: Restaurant) -> None:
    reprice({"centre": FULL})
    assert set_bounds("centre", lowest=0, highest=80) and not set_bounds("centre", lowest=0, highest=80)
    assert (fee_of(shop).now, quote_for(shop).highest) == (370, 80)
    assert [row.sequence for row in facts("fare.changed")] == [1, 2]
    for lowest, highest in ((-1, 80), (90, 80), (0, 1001)):
        with pytest.raises(WrongBounds):
            set_bounds("centre", lowest=lowest, highest=highest)
    with pytest.raises(IntegrityError, match="surcharge_within_bounds"), transaction.atomic():
        ZoneFare.objects.update(surcharge=81)


def test_a_zone_that_is_not_heard_of_goes_back_to_its_lowest(shop: Restaurant) -> None:
    reprice({"centre": FULL})
    assert calm_silent_zones() == 1
    assert (fee_of(shop).now, calm_silent_zones()) == (290, 0)
    assert FareStep.objects.get(version=2).reason == "silence"


def test_quotes_that_no_order_names_are_forgotten_after_a_day(shop: Restaurant) -> None:
    ordered = age(quote_for(shop), timedelta(0))
    order(shop, quote=ordered.pk, total=1190)
    days = timedelta(days=1, minutes=1)
    for quote in list(Quote.objects.all()):
        age(quote, days)
    assert forget_quotes() == 2
    assert Quote.objects.count() == 2


def test_customers_are_told_why_it_costs_more(shop: Restaurant) -> None:
    reprice({"centre": 2.5})
    client = sign_in(factories.alice())
    client.post(reverse("orders:add", args=[shop.slug]), {"item": shop.items.get(name="Soup").pk, "quantity": 1})
    pages = {name: client.get(reverse(f"orders:{name}", args=args)).content.decode() for name, args in PAGES}
    assert "busy now" in client.get(reverse("home")).content.decode()
    assert "busy now: delivery €\u202f3.90 instead of €\u202f2.90" in pages["restaurant"]
    for name in ("basket", "checkout"):
        assert "Busy now: delivery €\u202f3.90 instead of €\u202f2.90. More orders wait" in pages[name]
        assert "€\u202f12.90" in pages[name]


PAGES = [("restaurant", ["soup-kitchen"]), ("basket", []), ("checkout", [])]


def test_the_checkout_charges_what_it_showed_and_asks_again_where_that_has_ended(shop: Restaurant) -> None:
    client = sign_in(factories.alice())
    form = a_checkout(client, shop)
    shown = Quote.objects.get()
    assert (form["quote"], form["expected_total"]) == (str(shown.pk), "1190")
    reprice({"centre": FULL})

    ended = client.post(reverse("orders:checkout"), form | {"quote": str(age(shown, 2 * VALID).pk)})

    page = ended.content.decode()
    assert (ended.status_code, Order.objects.count()) == (422, 0)
    assert "The fee has changed since you looked" in page and "Nothing was charged" in page
    assert "€\u202f13.90" in page and client.get(reverse("orders:basket")).context["basket"].count == 1
    # The page that is still within its time is charged as it was shown.
    client.post(reverse("orders:checkout"), form)
    assert Order.objects.get().total == 1190


def a_checkout(client: Client, shop: Restaurant) -> dict[str, str]:
    """The form as the page shows it."""
    client.post(reverse("orders:add", args=[shop.slug]), {"item": shop.items.get(name="Soup").pk, "quantity": 1})
    context = client.get(reverse("orders:checkout")).context
    return {
        "key": context["basket"].key,
        "quote": str(context["quote"].pk),
        "expected_total": str(context["total"]),
        "door": context["chosen"],
        "card": "tok_ok",
    }
