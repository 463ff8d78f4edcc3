"""Where couriers are: reported every second, told on Kafka, and folded into PostgreSQL in batches.

A report touches no database. It becomes a record of the compacted topic `couriers.positions`; the consumer group
`positions` writes each courier's latest place, some times a second for all of them together, and sees who arrived
(`arrivals.py`). Dispatch reads places from the couriers' rows, which are therefore at most about a second old.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec
from django.db import connection

from messaging.envelope import Envelope
from messaging.stream import emit

from . import arrivals
from .events import CourierMoved

#: Places in one report, oldest first: a phone that was without a signal sends what it has.
MOST = 60

#: Milliseconds in which records gather for one transaction.
FOLD_EVERY_MS = 400

#: Locked by id, as everywhere. Nothing older than what is known is written: a report that was overtaken on its way,
#: or one from before the courier went online elsewhere. A courier who stands still costs no write.
STORE = """
    WITH heard AS (
        SELECT * FROM unnest(%s::bigint[], %s::float8[], %s::float8[], %s::timestamptz[])
            AS heard (courier_id, latitude, longitude, at)
    ), held AS (
        SELECT courier.id FROM delivery_courier courier JOIN heard ON heard.courier_id = courier.id
        WHERE courier.online AND (courier.heard_at IS NULL OR courier.heard_at < heard.at)
            AND (courier.latitude, courier.longitude) IS DISTINCT FROM (heard.latitude, heard.longitude)
        ORDER BY courier.id FOR NO KEY UPDATE OF courier
    )
    UPDATE delivery_courier SET latitude = heard.latitude, longitude = heard.longitude,
        position_at = city_now() - (clock_timestamp() - heard.at) * city.speed, heard_at = heard.at
    FROM heard, held, orders_city city WHERE delivery_courier.id = held.id AND heard.courier_id = held.id
"""


class Place(msgspec.Struct, frozen=True):
    """A point on earth, in degrees."""

    latitude: float
    longitude: float


def report(courier_id: int, places: Iterable[Place], *, at: datetime | None = None) -> None:
    """Tell where a courier was, oldest first; `at` (wall time, default now) is when the server heard it.

    Returns at once and promises nothing: while Kafka is away, places are lost.
    """
    now = at or datetime.now(UTC)
    for place in places:
        moved = CourierMoved(courier_id=courier_id, latitude=place.latitude, longitude=place.longitude)
        emit(moved, key=str(courier_id), at=now)


def fold(events: Sequence[Envelope], *, generation: int) -> None:
    """The group's handler. Orders are locked before couriers here, too."""
    moves = [(event, event.data) for event in events if isinstance(event.data, CourierMoved)]
    arrivals.note([move for _, move in moves])
    latest: dict[int, tuple[CourierMoved, datetime]] = {}
    for event, move in moves:
        heard = event.recorded_at or event.time
        known = latest.get(move.courier_id)
        if known is None or known[1] <= heard:
            latest[move.courier_id] = (move, heard)
    if latest:
        _store(latest)


def _store(latest: dict[int, tuple[CourierMoved, datetime]]) -> None:
    rows = [latest[courier] for courier in sorted(latest)]
    with connection.cursor() as cursor:
        cursor.execute(
            STORE,
            [
                [move.courier_id for move, _ in rows],
                [move.latitude for move, _ in rows],
                [move.longitude for move, _ in rows],
                [heard for _, heard in rows],
            ],
        )
