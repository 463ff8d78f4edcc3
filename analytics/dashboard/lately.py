"""The last hour of the city, minute by minute and place by place. Every statement is bounded by that hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from .now import LATELY, WEEK
from .scope import CITY, LIVE, Scope, rows

MINUTE = timedelta(minutes=1)
#: City minutes that share a point of the line of medians.
STEP = timedelta(minutes=5)


@dataclass(slots=True)
class Minute:
    """A city minute; `placed_before` is the same minute a week before, `revenue` of delivered orders in minor units."""

    at: datetime
    placed: int = 0
    placed_before: int = 0
    delivered: int = 0
    revenue: int = 0


@dataclass(frozen=True, slots=True)
class Durations:
    """City seconds, exact: PostgreSQL's percentile_cont over the deliveries. None without one."""

    at: datetime
    deliveries: int
    click_to_door: float | None
    click_to_door_p90: float | None
    ready_to_pickup: float | None
    ready_to_pickup_p90: float | None


@dataclass(frozen=True, slots=True)
class Ending:
    status: str
    reason: str
    orders: int


@dataclass(frozen=True, slots=True)
class Place:
    """A zone, or a restaurant. Counts of the last hour but for `open`; `click_to_door` is the median, city seconds."""

    zone: str
    restaurant_id: int
    name: str
    open: int
    placed: int
    delivered: int
    ended_early: int
    revenue: int
    click_to_door: float | None


def minutes(now: datetime, scope: Scope = CITY) -> list[Minute]:
    """The last hour, oldest first, without holes; its last minute is the one under way."""
    last = now.replace(second=0, microsecond=0)
    first = last - LATELY + MINUTE
    found = {first + n * MINUTE: Minute(first + n * MINUTE) for n in range(int(LATELY / MINUTE))}
    for begin, field in ((first, "placed"), (first - WEEK, "placed_before")):
        for at, placed, _ in _per_minute("placed_at", begin, scope):
            if (minute := found.get(at + (first - begin))) is not None:
                setattr(minute, field, placed)
    for at, delivered, revenue in _per_minute("ended_at", first, scope, "status = 'delivered'"):
        if (minute := found.get(at)) is not None:
            minute.delivered, minute.revenue = delivered, revenue
    return list(found.values())


def _per_minute(column: str, begin: datetime, scope: Scope, condition: str = "TRUE") -> list[tuple[datetime, int, int]]:
    where, values = scope.where()
    statement = f"""
        SELECT date_trunc('minute', {column}), count(*), coalesce(sum(total), 0)::bigint FROM analytics_orderlife
        WHERE {where} AND {column} >= %s AND {column} < %s AND {condition} GROUP BY 1
    """
    return [(at, count, total) for at, count, total in rows(statement, [*values, begin, begin + LATELY])]


PERCENTILES = ", ".join(
    f"percentile_cont({share}) WITHIN GROUP (ORDER BY {column}) / 1000"
    for column in ("click_to_door_ms", "ready_to_pickup_ms")
    for share in (0.5, 0.9)
)


def durations(since: datetime, until: datetime, scope: Scope = CITY) -> Durations:
    """Of all deliveries from `since` to before `until`."""
    where, values = scope.where()
    (found,) = rows(
        f"SELECT count(*), {PERCENTILES} FROM analytics_orderlife"
        f" WHERE {where} AND status = 'delivered' AND ended_at >= %s AND ended_at < %s",
        [*values, since, until],
    )
    return Durations(since, *found)


def durations_by_step(now: datetime, scope: Scope = CITY) -> list[Durations]:
    """The last hour in steps; those without a delivery are left out."""
    where, values = scope.where()
    found = rows(
        f"SELECT date_bin(%s, ended_at, %s) AS step, count(*), {PERCENTILES} FROM analytics_orderlife"
        f" WHERE {where} AND status = 'delivered' AND ended_at >= %s AND ended_at < %s GROUP BY step ORDER BY step",
        [STEP, now - LATELY, *values, now - LATELY, now],
    )
    return [Durations(*row) for row in found]


def endings(now: datetime, scope: Scope = CITY, *, limit: int = 8) -> list[Ending]:
    """Orders of the last hour that ended before the door, by why, most first; past `limit` together."""
    where, values = scope.where()
    found = rows(
        f"SELECT status, reason, count(*) FROM analytics_orderlife"
        f" WHERE {where} AND ended_at > %s AND status <> 'delivered' GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2",
        [*values, now - LATELY],
    )
    shown = [Ending(*row) for row in found[:limit]]
    rest = sum(row[2] for row in found[limit:])
    return [*shown, Ending("", "other reasons", rest)] if rest else shown


def zones(now: datetime) -> list[Place]:
    """Every zone with an open order or one of the last hour, by name."""
    return _places(now, CITY, "zone, 0::bigint, ''", "1, 2, 3", "1")


def restaurants(now: datetime, scope: Scope = CITY, *, limit: int = 20) -> list[Place]:
    """Restaurants with an open order or one of the last hour, most placed first."""
    return _places(now, scope, "zone, restaurant_id, max(restaurant)", "1, 2", "5 DESC, 4 DESC, 2")[:limit]


def _places(now: datetime, scope: Scope, what: str, by: str, order: str) -> list[Place]:
    where, values = scope.where()
    since = now - LATELY
    statement = f"""
        SELECT {what}, count(*) FILTER (WHERE ended_at IS NULL), count(*) FILTER (WHERE placed_at > %s),
            count(*) FILTER (WHERE status = 'delivered' AND ended_at > %s),
            count(*) FILTER (WHERE status <> 'delivered' AND ended_at > %s),
            coalesce(sum(total) FILTER (WHERE status = 'delivered' AND ended_at > %s), 0)::bigint,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY click_to_door_ms) FILTER (WHERE ended_at > %s) / 1000
        FROM analytics_orderlife WHERE {where} AND (placed_at > %s OR ended_at > %s OR ended_at IS NULL)
        GROUP BY {by} ORDER BY {order}
    """
    return [Place(*row) for row in rows(statement, [*[since] * 5, *values, since, since])]


@dataclass(frozen=True, slots=True)
class Load:
    """At a city minute's end: couriers on shift, and orders that have a courier."""

    at: datetime
    online: int
    carried: int


def load(now: datetime, scope: Scope = CITY) -> list[Load]:
    """The last hour, oldest first. An order that a courier gave back counts for the one who has it now alone."""
    where, values = scope.where()
    zone = ("AND zone = %s", [scope.zone]) if scope.zone else ("", [])
    first = now.replace(second=0, microsecond=0) - LATELY + MINUTE
    statement = """
        SELECT at,
            (SELECT count(*) FROM shift WHERE began_at <= at AND (ended_at IS NULL OR ended_at > at)),
            (SELECT count(*) FROM carried WHERE assigned_at <= at AND (ended_at IS NULL OR ended_at > at))
        FROM generate_series(%s::timestamptz, %s::timestamptz, interval '5 minutes') AS at
    """
    shared = f"""
        WITH shift AS MATERIALIZED (
            SELECT began_at, ended_at FROM analytics_couriershift
            WHERE generation = {LIVE} {zone[0]} AND (ended_at IS NULL OR ended_at > %s)),
        carried AS MATERIALIZED (
            SELECT assigned_at, ended_at FROM analytics_orderlife
            WHERE {where} AND courier_id > 0 AND assigned_at IS NOT NULL AND (ended_at IS NULL OR ended_at > %s))
    """
    last = now.replace(second=0, microsecond=0)
    given = [*zone[1], first, *values, first, last - 11 * STEP, last]
    return [Load(*row) for row in rows(shared + statement, given)]
