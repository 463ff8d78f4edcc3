"""A courier's earnings by day: confirmed and pending, drawn and as a table."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import for_role
from accounts.models import Role
from orders.payments.earnings import Day, courier_days, total_of
from orders.payments.ledger import courier_earned

from .courier import courier_of

#: The drawing, in units of its own: a column a day, the oldest on the left.
WIDTH, HEIGHT, FOOT = 320, 130, 22


@dataclass(frozen=True, slots=True)
class Column:
    """A day's two bars: places and lengths of the drawing."""

    day: Day
    x: float
    width: float
    confirmed_y: float
    confirmed: float
    pending_y: float
    pending: float


@for_role(Role.COURIER)
@require_GET
def earnings(request: HttpRequest) -> HttpResponse:
    courier = courier_of(request)
    days = courier_days(courier.pk)
    confirmed, pending = total_of(days)
    context = {
        "courier": courier,
        "days": days,
        "columns": columns(days),
        "highest": max(day.total for day in days),
        "confirmed": confirmed,
        "pending": pending,
        "ever": courier_earned(courier.pk),
        "size": {"width": WIDTH, "height": HEIGHT, "floor": HEIGHT - FOOT, "words": HEIGHT - 6},
    }
    return render(request, "delivery/earnings.html", context)


def columns(days: list[Day]) -> list[Column]:
    """The bars, pending upon confirmed."""
    highest = max((day.total for day in days), default=0) or 1
    step, floor = WIDTH / len(days), HEIGHT - FOOT
    drawn = []
    for at, day in enumerate(reversed(days)):
        confirmed, pending = (part / highest * (floor - 4) for part in (day.confirmed, day.pending))
        drawn.append(
            Column(
                day=day,
                x=round(at * step + step * 0.15, 1),
                width=round(step * 0.7, 1),
                confirmed_y=round(floor - confirmed, 1),
                confirmed=round(confirmed, 1),
                pending_y=round(floor - confirmed - pending, 1),
                pending=round(pending, 1),
            )
        )
    return drawn
