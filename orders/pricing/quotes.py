"""Quotes: the fee that is shown is the fee that is charged, for as long as the quote says."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import BooleanField, DateTimeField, Exists, ExpressionWrapper, OuterRef, Q
from django.db.models.expressions import Combinable
from django.db.models.functions import Now

from messaging.outbox import publish
from orders.city import city_now
from orders.models import Order, Quote, Restaurant

from .events import FeeQuoted
from .fares import standing_fare

#: Wall time for which a fee is charged as shown, and how much of it a quote must still have to be shown again.
VALID, LEFT = timedelta(minutes=15), timedelta(minutes=10)
#: Wall time after which a quote that no order names is forgotten; its event stays.
FORGET, BATCH = timedelta(days=1), 1000


def quote_for(restaurant: Restaurant) -> Quote:
    """The restaurant's fee as a quote: one that others are shown now, or a new one."""
    fare = standing_fare(restaurant.zone)
    same = Quote.objects.filter(restaurant=restaurant, usual=restaurant.delivery_fee, fare_version=fare.version)
    fee = restaurant.delivery_fee + fare.surcharge
    shown = same.filter(fee=fee, highest=fare.highest, valid_until__gt=_after(LEFT)).order_by("-made_at").first()
    if shown is not None:
        return shown
    with transaction.atomic():
        quote = Quote(
            restaurant=restaurant,
            zone=restaurant.zone,
            fare_version=fare.version,
            usual=restaurant.delivery_fee,
            fee=fee,
            lowest=fare.lowest,
            highest=fare.highest,
        )
        with connection.cursor() as cursor:
            cursor.execute("SELECT statement_timestamp()")
            quote.made_at = cursor.fetchone()[0]
        quote.valid_until = quote.made_at + VALID
        at = quote.told_at = city_now()
        quote.save(force_insert=True)
        _tell(quote, at=at)
    return quote


def held_quote(restaurant: Restaurant, quote_id: uuid.UUID) -> Quote | None:
    """The quote that a customer was shown, while it holds; past its time today's, if its fee is the same, else None.

    Raises:
        Quote.DoesNotExist: the restaurant never made it.
    """
    holds = ExpressionWrapper(Q(valid_until__gt=Now()), output_field=BooleanField())
    quote = Quote.objects.annotate(holds=holds).get(pk=quote_id, restaurant=restaurant)
    if quote.holds:
        return quote
    today = quote_for(restaurant)
    return today if today.fee == quote.fee else None


def forget_quotes() -> int:
    """Remove old quotes that no order names; how many."""
    named = Order.objects.filter(quote=OuterRef("pk"))
    old = Quote.objects.filter(~Exists(named), made_at__lt=_after(-FORGET))
    return Quote.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:BATCH])).delete()[0]


def _after(span: timedelta) -> Combinable:
    return ExpressionWrapper(Now() + span, output_field=DateTimeField())


def _tell(quote: Quote, *, at: datetime) -> None:
    fact = FeeQuoted(
        quote_id=str(quote.pk),
        restaurant_id=quote.restaurant_id,
        zone=quote.zone,
        fare_version=quote.fare_version,
        usual=quote.usual,
        fee=quote.fee,
        lowest=quote.lowest,
        highest=quote.highest,
        valid_until=quote.valid_until,
    )
    publish(fact, key=str(quote.pk), sequence=1, at=at, event_id=quote.event_id)
