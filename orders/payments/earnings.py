"""What a courier has earned, day by day, as the ledger has it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Exists, OuterRef, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from orders.city import city_now
from orders.models import Account, Entry, Posting


@dataclass(frozen=True, slots=True)
class Day:
    """A day by the city's clock; minor units.

    Earned is what was delivered. It is confirmed once the customer's payment has come in, and pending until then.
    """

    day: date
    orders: int = 0
    confirmed: int = 0
    pending: int = 0

    @property
    def total(self) -> int:
        return self.confirmed + self.pending


def courier_days(courier_id: int, *, days: int = 14) -> list[Day]:
    """The last so many days, the latest first, those without an order among them."""
    today = timezone.localdate(city_now())
    first = today - timedelta(days=days - 1)
    paid = Posting.objects.filter(order=OuterRef("posting__order"), kind=Posting.Kind.CAPTURE)
    rows = (
        Entry.objects.filter(account=Account.COURIERS, party=courier_id)
        .annotate(day=TruncDate("posting__at"), paid=Exists(paid))
        .filter(day__gte=first)
        .values("day", "paid")
        .annotate(earned=-Sum("amount"), orders=Count("posting__order", distinct=True))
        .order_by()
    )
    found: dict[date, Day] = {}
    for row in rows:
        known = found.get(row["day"], Day(row["day"]))
        found[row["day"]] = Day(
            row["day"],
            orders=known.orders + row["orders"],
            confirmed=known.confirmed + (row["earned"] if row["paid"] else 0),
            pending=known.pending + (0 if row["paid"] else row["earned"]),
        )
    return [found.get(day, Day(day)) for day in (today - timedelta(days=back) for back in range(days))]


def total_of(days: Iterable[Day]) -> tuple[int, int]:
    """Confirmed and pending of all of them, minor units."""
    listed = list(days)
    return sum(day.confirmed for day in listed), sum(day.pending for day in listed)
