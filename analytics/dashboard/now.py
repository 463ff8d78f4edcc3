"""How the city stands: cheap enough to be asked several times a second, whatever the history's length."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from .rules import DEFAULT, Rule
from .scope import CITY, LIVE, Scope, rows

#: City time that "lately" means on the dashboard.
LATELY = timedelta(hours=1)
#: City minutes over which orders a minute are averaged.
PACE = 5
WEEK = timedelta(days=7)
#: Why an open order needs an eye, the most pressing first; and why one that has ended may.
ATTENTION = ("no courier yet", "open for very long", "waits at the counter", "without an answer")
GIVEN_UP = "could not be delivered"


@dataclass(frozen=True, slots=True)
class Attention:
    """An order that needs an eye: `why` in words, `open_for` in city seconds since it was placed."""

    order_id: uuid.UUID
    restaurant: str
    zone: str
    status: str
    why: str
    open_for: float
    offers: int


@dataclass(frozen=True, slots=True)
class Use:
    """Couriers on shift, those of them who have an order, and orders that wait for one. `share` None without any."""

    online: int
    busy: int

    @property
    def share(self) -> float | None:
        return self.busy / self.online if self.online else None


@dataclass(frozen=True, slots=True)
class Pace:
    """Orders a city minute, over the last minutes and over the same ones a week before (None: none are known)."""

    now: float
    last_week: float | None


def states(now: datetime, scope: Scope = CITY) -> dict[str, int]:
    """Orders by status: all that are open, and those that ended lately."""
    where, values = scope.where()
    # Two branches, each with an index of its own.
    found = rows(
        f"SELECT status, count(*) FROM analytics_orderlife WHERE {where} AND ended_at IS NULL GROUP BY status"
        f" UNION ALL SELECT status, count(*) FROM analytics_orderlife WHERE {where} AND ended_at > %s"
        " GROUP BY status",
        [*values, *values, now - LATELY],
    )
    return dict(found)


def pace(now: datetime, scope: Scope = CITY) -> Pace:
    where, values = scope.where()
    since = now - timedelta(minutes=PACE)
    statement = f"""
        SELECT count(*) FILTER (WHERE placed_at > %s), count(*) FILTER (WHERE placed_at <= %s),
            EXISTS (SELECT FROM analytics_orderlife WHERE {where} AND placed_at <= %s)
        FROM analytics_orderlife
        WHERE {where} AND (placed_at > %s AND placed_at <= %s OR placed_at > %s AND placed_at <= %s)
    """
    before = since - WEEK, now - WEEK
    ((recent, old, known),) = rows(statement, [since, before[1], *values, before[1], *values, since, now, *before])
    return Pace(recent / PACE, old / PACE if known else None)


def couriers(scope: Scope = CITY) -> Use:
    """Of a zone: the couriers who began their shift there. Of a restaurant: those who bring its orders."""
    where, values = scope.where()
    zone = " AND zone = %s" if scope.zone else ""
    busy = f"SELECT count(DISTINCT courier_id) FROM analytics_orderlife WHERE {where} AND ended_at IS NULL"
    online = f"SELECT count(*) FROM analytics_couriershift WHERE generation = {LIVE}{zone} AND ended_at IS NULL"
    ((on, with_order),) = rows(
        f"SELECT ({online}), ({busy} AND courier_id > 0)", [*([scope.zone] if scope.zone else []), *values]
    )
    return Use(on, with_order)


def attention(
    now: datetime, scope: Scope = CITY, *, rule: Rule = DEFAULT, limit: int = 12
) -> tuple[int, list[Attention]]:
    """How many orders need an eye, and the first of them: undispatched ones, then those open for too long."""
    where, values = scope.where()
    minute = "interval '1 minute'"
    # In the order of `ATTENTION`; the first that applies is told.
    reasons = (
        (
            f"(status = 'ready' OR status = 'accepted' AND ready_by < %s + %s * {minute})"
            " AND coalesce(courier_id, 0) = 0",
            [now, rule.undispatched],
        ),
        (f"placed_at < %s - %s * {minute}", [now, rule.promise]),
        (f"status = 'ready' AND ready_at < %s - %s * {minute}", [now, rule.waiting]),
        (f"status IN ('placed', 'paid') AND placed_at < %s - %s * {minute}", [now, rule.unanswered]),
    )
    cases = " ".join(f"WHEN {condition} THEN {place}" for place, (condition, _) in enumerate(reasons))
    given = [value for _, numbers in reasons for value in numbers]
    statement = f"""
        SELECT count(*) OVER (), order_id, restaurant, zone, status, place, placed_at, offers
        FROM (SELECT *, CASE {cases} END AS place FROM analytics_orderlife WHERE {where} AND ended_at IS NULL) AS open
        WHERE place IS NOT NULL ORDER BY place, placed_at NULLS LAST, order_id LIMIT {int(limit)}
    """
    found = rows(statement, [*given, *values])
    orders = [
        Attention(order, shop, zone, status, ATTENTION[place], (now - placed).total_seconds() if placed else 0.0, n)
        for _, order, shop, zone, status, place, placed, n in found
    ]
    return (found[0][0] if found else 0), orders


def undeliverable(now: datetime, scope: Scope = CITY, *, limit: int = 12) -> list[Attention]:
    """Orders that were given up lately, the latest first."""
    where, values = scope.where()
    statement = f"""
        SELECT order_id, restaurant, zone, status, placed_at, offers FROM analytics_orderlife
        WHERE {where} AND ended_at > %s AND status = 'undeliverable'
        ORDER BY ended_at DESC, order_id LIMIT {int(limit)}
    """
    return [
        Attention(id, shop, zone, status, GIVEN_UP, (now - at).total_seconds() if at else 0.0, n)
        for id, shop, zone, status, at, n in rows(statement, [*values, now - LATELY])
    ]


@dataclass(frozen=True, slots=True)
class Latest:
    order_id: uuid.UUID
    restaurant: str
    zone: str
    status: str
    placed_at: datetime
    total: int | None


def latest(scope: Scope = CITY, *, limit: int = 8) -> list[Latest]:
    """The orders placed last."""
    where, values = scope.where()
    statement = f"""
        SELECT order_id, restaurant, zone, status, placed_at, total FROM analytics_orderlife
        WHERE {where} AND placed_at IS NOT NULL ORDER BY placed_at DESC, order_id LIMIT {int(limit)}
    """
    return [Latest(*row) for row in rows(statement, values)]
