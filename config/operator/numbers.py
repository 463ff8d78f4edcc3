"""The city in numbers, as the metrics group counted them from the stream."""

from __future__ import annotations

from dataclasses import dataclass

from analytics import selectors

from .chart import Chart, Minute, draw

#: Minutes of city time that the chart shows.
SHOWN_MINUTES = 60

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
EARLY = frozenset(ORDER_OF_STATUSES[6:])


@dataclass(frozen=True, slots=True)
class Numbers:
    """`click_to_door` in city seconds, None before the first delivery."""

    by_status: list[tuple[str, int]]
    placed: int
    open: int
    delivered: int
    ended_early: int
    click_to_door: float | None
    chart: Chart


def city_numbers() -> Numbers:
    """The metrics group's live read model."""
    found = selectors.orders_by_status()
    by_status = [(status, found[status]) for status in ORDER_OF_STATUSES if found.get(status)]
    delivered = found.get("delivered", 0)
    early = sum(count for status, count in by_status if status in EARLY)
    placed = sum(found.values())
    minutes = [Minute(row.at, row.placed, row.delivered) for row in selectors.minutes(last=SHOWN_MINUTES)]
    return Numbers(
        by_status=by_status,
        placed=placed,
        open=placed - delivered - early,
        delivered=delivered,
        ended_early=early,
        click_to_door=selectors.click_to_door_seconds(),
        chart=draw(minutes),
    )
