"""The operator's dashboard in pieces: each a small template over the dashboard group's read model.

A page shows all pieces at once; afterwards a process renders those that changed once, for everybody who watches
(`config.live.board`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone

from analytics.behaviour.selectors import funnel
from analytics.dashboard import selectors as numbers
from analytics.dashboard.selectors import Scope
from orders.city import the_city

from .hands import hands
from .lines import Lines, Series, draw

#: In the order of an order's life.
ORDER_OF_STATUSES = (
    "placed",
    "paid",
    "accepted",
    "ready",
    "picked_up",
    "delivered",
    "payment_failed",
    "rejected",
    "cancelled",
    "undeliverable",
)
#: Wall hours that the funnel covers, the one under way included.
FUNNEL_HOURS = 24

Context = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart and the table behind it."""

    name: str
    chart: Lines
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Piece:
    """`slow` ones cost more to count and are rendered by turns."""

    template: str
    context: Callable[[datetime, Scope], Context]
    slow: bool = False


def figures(now: datetime, scope: Scope) -> Context:
    counts = numbers.states(now, scope)
    return {
        "now": now,
        "city": the_city(),
        "scope": scope,
        "pace": numbers.pace(now, scope),
        "use": numbers.couriers(scope),
        "open": sum(count for status, count in counts.items() if status in ORDER_OF_STATUSES[:5]),
        "delivered": counts.get("delivered", 0),
    }


def states(now: datetime, scope: Scope) -> Context:
    counts = numbers.states(now, scope)
    known = [(status, counts[status]) for status in ORDER_OF_STATUSES if counts.get(status)]
    others = [(status, count) for status, count in sorted(counts.items()) if status not in ORDER_OF_STATUSES]
    return {"states": known + others, "most": max(counts.values(), default=1)}


def attention(now: datetime, scope: Scope) -> Context:
    count, found = hands(now, scope)
    return {"count": count, "hands": found}


def latest(now: datetime, scope: Scope) -> Context:
    return {"orders": numbers.latest(scope)}


def orders_a_minute(now: datetime, scope: Scope) -> Context:
    minutes = numbers.minutes(now, scope)
    lines = [("placed", "placed"), ("delivered", "delivered")]
    if any(one.placed_before for one in minutes):
        lines.append(("placed a week before", "placed_before"))
    series = [Series(name, [(n, getattr(one, field)) for n, one in enumerate(minutes)]) for name, field in lines]
    rows = [(_clock(one.at), [str(getattr(one, field)) for _, field in lines]) for one in minutes]
    drawn = draw(series, labels=_labels([one.at for one in minutes]))
    revenue = sum(one.revenue for one in minutes)
    return {"drawing": Drawing("Orders a minute", drawn, [name for name, _ in lines], rows), "revenue": revenue}


def revenue(now: datetime, scope: Scope) -> Context:
    minutes = numbers.minutes(now, scope)
    drawn = draw(
        [Series("revenue", [(n, one.revenue / 100) for n, one in enumerate(minutes)])],
        labels=_labels([one.at for one in minutes]),
        first_colour=2,
        text=lambda value: f"{value:,.0f}",
    )
    rows = [(_clock(one.at), [f"{one.revenue / 100:,.2f}"]) for one in minutes]
    total = sum(one.revenue for one in minutes)
    return {"drawing": Drawing("Revenue a minute, euro", drawn, ["Euro"], rows), "total": total}


def durations(now: datetime, scope: Scope) -> Context:
    steps = numbers.durations_by_step(now, scope)
    lines = (
        ("click to door, median", "click_to_door"),
        ("click to door, p90", "click_to_door_p90"),
        ("ready to pickup, median", "ready_to_pickup"),
        ("ready to pickup, p90", "ready_to_pickup_p90"),
    )
    first = now - timedelta(hours=1)
    series = [
        Series(name, [((one.at - first).total_seconds() / 60, getattr(one, field) / 60) for one in steps])
        for name, field in lines
    ]
    rows = [(_clock(one.at), [f"{getattr(one, field) / 60:.1f}" for _, field in lines]) for one in steps]
    labels = [(float(n), _clock(first + timedelta(minutes=n))) for n in (0, 20, 40, 60)]
    drawing = Drawing("Minutes on the way", draw(series, labels=labels), [name for name, _ in lines], rows)
    return {"drawing": drawing, "lately": numbers.durations(first, now, scope)}


def load(now: datetime, scope: Scope) -> Context:
    steps = numbers.load(now, scope)
    lines = (("couriers on shift", "online"), ("orders with a courier", "carried"))
    series = [Series(name, [(n, getattr(one, field)) for n, one in enumerate(steps)]) for name, field in lines]
    rows = [(_clock(one.at), [str(getattr(one, field)) for _, field in lines]) for one in steps]
    drawn = draw(series, labels=_labels([one.at for one in steps]), first_colour=3)
    drawing = Drawing("Couriers and what they carry", drawn, [name for name, _ in lines], rows)
    return {"drawing": drawing, "use": numbers.couriers(scope)}


def endings(now: datetime, scope: Scope) -> Context:
    found = numbers.endings(now, scope)
    return {"endings": found, "most": max((one.orders for one in found), default=1)}


def places(now: datetime, scope: Scope) -> Context:
    return {
        "scope": scope,
        "zones": [] if scope.zone or scope.restaurant else numbers.zones_lately(now),
        "restaurants": numbers.restaurants_lately(now, scope),
    }


def funnel_lately(now: datetime, scope: Scope) -> Context:
    until = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    since = until - timedelta(hours=FUNNEL_HOURS)
    found = funnel(since, until, zone=scope.zone, restaurant=scope.restaurant)
    return {"funnel": found, "most": max([1, *(count for _, count in found.steps)])}


#: By the name of their place on the page.
PIECES = {
    "figures": Piece("operator/board/_figures.html", figures),
    "attention": Piece("operator/board/_attention.html", attention),
    "states": Piece("operator/board/_states.html", states),
    "latest": Piece("operator/board/_latest.html", latest),
    "minutes": Piece("operator/board/_minutes.html", orders_a_minute, slow=True),
    "durations": Piece("operator/board/_durations.html", durations, slow=True),
    "load": Piece("operator/board/_load.html", load, slow=True),
    "revenue": Piece("operator/board/_revenue.html", revenue, slow=True),
    "endings": Piece("operator/board/_endings.html", endings, slow=True),
    "funnel": Piece("operator/board/_funnel.html", funnel_lately, slow=True),
    "places": Piece("operator/board/_places.html", places, slow=True),
}


def render(now: datetime, scope: Scope, names: Collection[str] = PIECES.keys()) -> dict[str, str]:
    """The named pieces' HTML, by name."""
    return {name: render_to_string(PIECES[name].template, PIECES[name].context(now, scope)) for name in names}


def scope_of(zone: str, restaurant: str) -> Scope:
    """From an address' query; what makes no sense is left out."""
    number = int(restaurant) if restaurant.isdecimal() and len(restaurant) < 19 else 0
    return Scope(zone=zone[:60].replace("\x00", ""), restaurant=number)


def title_of(scope: Scope) -> str:
    """What the page is about, by name."""
    if scope.restaurant:
        found = numbers.latest(scope, limit=1)
        return found[0].restaurant if found and found[0].restaurant else f"Restaurant {scope.restaurant}"
    return scope.zone.replace("-", " ").title() if scope.zone else the_city().name


def _labels(times: Sequence[datetime]) -> list[tuple[float, str]]:
    every = max(1, (len(times) - 1) // 3)
    return [(float(place), _clock(times[place])) for place in range(0, len(times), every)]


def _clock(at: datetime) -> str:
    return f"{timezone.localtime(at):%H:%M}"
