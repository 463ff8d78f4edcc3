"""Questions to the stream. Times are the events' own: the city's clock, not the wall's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from analytics.dashboard.scope import CITY, Scope, rows
from messaging.consuming.group import Group, get_group
from messaging.consuming.history import look_back
from messaging.consuming.replay import Report

from .rules import Promise

HOUR, WEEK, MONTH = timedelta(hours=1), timedelta(days=7), timedelta(days=28)
#: Orders are followed so long past the window's end; what is open then is told as open.
FOLLOW = timedelta(hours=3)
#: Points of a window's curve.
STEPS = 12


@dataclass(frozen=True, slots=True)
class Window:
    """Orders placed from `since` to before `until` and what became of them. Amounts in minor units, durations in city
    seconds; `curve` counts orders placed in each twelfth of the window.
    """

    since: datetime
    until: datetime
    placed: int
    delivered: int
    ended_early: int
    open: int
    revenue: int
    click_to_door: float | None
    click_to_door_p90: float | None
    ready_to_pickup: float | None
    ready_to_pickup_p90: float | None
    reasons: dict[str, int]
    curve: list[int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule would have said of the window's orders. `flagged` were open past the warning; `warned` counts late
    deliveries that were flagged before their promise broke.
    """

    rule: Promise
    orders: int
    delivered: int
    kept: int
    late: int
    flagged: int
    flagged_late: int
    warned: int

    @property
    def kept_share(self) -> float | None:
        return self.kept / self.delivered if self.delivered else None


def hours(
    at: datetime,
    *,
    length: timedelta = HOUR,
    scope: Scope = CITY,
    most: int | None = None,
    report: Report = lambda progress: None,
) -> list[Window]:
    """A window from `at` on, the same a week before, and the same four weeks before (so on the same weekday).

    Raises:
        messaging.consuming.replay.CannotReplay: another look runs, or more than `most` records had to be read.
        messaging.kafka.Unreachable: no broker answers.
    """
    begins = (at, at - WEEK, at - MONTH)
    return [_ask(begin, begin + length, scope, _window, most=most, report=report) for begin in begins]


def rules(
    since: datetime,
    until: datetime,
    tried: Sequence[Promise],
    *,
    scope: Scope = CITY,
    most: int | None = None,
    report: Report = lambda progress: None,
) -> list[Outcome]:
    """How the orders placed in a window look under each rule. Raises as `hours`."""

    def answer(since: datetime, until: datetime, scope: Scope) -> list[Outcome]:
        return [_outcome(since, until, scope, rule) for rule in tried]

    outcomes: list[Outcome] = _ask(since, until, scope, answer, most=most, report=report)
    return outcomes


def orders_only() -> Group:
    """The dashboard's group, but for the couriers' shifts, which no question needs."""
    return replace(get_group("dashboard"), topics=("orders.events",))


def _ask(since: datetime, until: datetime, scope: Scope, answer: Any, *, most: int | None, report: Report) -> Any:
    return look_back(
        orders_only(),
        since=since,
        until=until + FOLLOW,
        own_time=True,
        limit=0,
        most=most,
        report=report,
        ask=lambda generation: answer(since, until, replace(scope, generation=generation)),
    ).answer


def _window(since: datetime, until: datetime, scope: Scope) -> Window:
    where, values = scope.where()
    # An order that was placed before has no such moment in this model: it is left out.
    where, values = f"{where} AND placed_at >= %s AND placed_at < %s", [*values, since, until]
    early = "status <> 'delivered' AND ended_at IS NOT NULL"
    percentiles = ", ".join(
        f"percentile_cont({share}) WITHIN GROUP (ORDER BY {column}) / 1000"
        for column in ("click_to_door_ms", "ready_to_pickup_ms")
        for share in (0.5, 0.9)
    )
    (figures,) = rows(
        f"""SELECT count(*), count(*) FILTER (WHERE status = 'delivered'), count(*) FILTER (WHERE {early}),
            count(*) FILTER (WHERE ended_at IS NULL),
            coalesce(sum(total) FILTER (WHERE status = 'delivered'), 0)::bigint, {percentiles}
        FROM analytics_orderlife WHERE {where}""",
        values,
    )
    reasons = rows(
        f"SELECT reason, count(*) FROM analytics_orderlife WHERE {where} AND {early} GROUP BY 1 ORDER BY 2 DESC, 1",
        values,
    )
    step = (until - since) / STEPS
    curve = [0] * STEPS
    counted = rows(
        f"SELECT floor(extract(epoch FROM placed_at - %s) / %s)::int, count(*) FROM analytics_orderlife"
        f" WHERE {where} GROUP BY 1",
        [since, step.total_seconds(), *values],
    )
    for place, count in counted:
        curve[min(place, STEPS - 1)] += count
    return Window(*(since, until, *figures, dict(reasons), curve))


def _outcome(since: datetime, until: datetime, scope: Scope, rule: Promise) -> Outcome:
    where, values = scope.where()
    minute = "interval '1 minute'"
    promised = f"placed_at + %s * {minute}"
    numbers: list[Any] = [rule.within]
    if rule.after_ready is not None:
        promised = f"coalesce(ready_by + %s * {minute}, {promised})"
        numbers = [rule.after_ready, rule.within]
    statement = f"""
        SELECT count(*), count(*) FILTER (WHERE delivered), count(*) FILTER (WHERE delivered AND NOT late),
            count(*) FILTER (WHERE late), count(*) FILTER (WHERE flagged), count(*) FILTER (WHERE flagged AND late),
            count(*) FILTER (WHERE late AND warning < promised)
        FROM (
            SELECT *, delivered AND ended_at > promised AS late, coalesce(ended_at, %s) > warning AS flagged
            FROM (
                SELECT ended_at, status = 'delivered' AS delivered, {promised} AS promised,
                    placed_at + %s * {minute} AS warning
                FROM analytics_orderlife WHERE {where} AND placed_at >= %s AND placed_at < %s
            ) AS promises
        ) AS orders
    """
    (found,) = rows(statement, [until + FOLLOW, *numbers, rule.at_risk, *values, since, until])
    return Outcome(rule, *found)
