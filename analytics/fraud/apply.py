"""The group's handler: profiles under their row locks, decisions once an order and stage, holds through the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
from django.db import connection

from messaging.consuming.arrays import plain, texts
from messaging.consuming.positions import SCRATCH, live_number
from messaging.envelope import Envelope
from messaging.outbox import send_many

from .facts import Fact, notice
from .scoring import Decision, as_kept, take
from .stored import load, store

GROUP = "fraud"
#: The command that keeps an order from couriers.
HOLD = "delivery.hold_order"
#: A replay decides of events younger than this (wall time) where the live generation has not. Those it passes by the
#: live one's offset just before the swap would else be nobody's; older ones were decided long ago.
RECENT = timedelta(minutes=10)
FIRST, NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)

DECIDE = """
    INSERT INTO analytics_frauddecision (order_id, stage, account, score, rules, features, because_of, at, recorded_at,
        decided_at)
    SELECT *, clock_timestamp() FROM unnest(%s::uuid[], %s::text[], %s::bigint[], %s::int[], %s::jsonb[], %s::jsonb[],
        %s::uuid[], %s::timestamptz[], %s::timestamptz[])
    ON CONFLICT (order_id, stage) DO NOTHING
    RETURNING order_id, stage
"""
OPEN = """
    INSERT INTO analytics_fraudcase (order_id, account, card, device, door, courier, stage, score, rules, opened_at,
        created_at, verdict, note)
    SELECT *, clock_timestamp(), '', '' FROM unnest(%s::uuid[], %s::bigint[], %s::text[], %s::text[], %s::text[],
        %s::bigint[], %s::text[], %s::int[], %s::jsonb[], %s::timestamptz[])
    ON CONFLICT (order_id) DO NOTHING
    RETURNING order_id
"""


def apply(events: Sequence[Envelope], *, generation: int) -> None:
    """Fold the events into the profiles, and act on what they say of orders that nobody has decided about.

    Profiles are a generation's own. A decision is made once an order and stage, whichever generation comes first.
    """
    noticed = [(event, fact) for event in events if (fact := notice(event.data, at=event.time)) is not None]
    if not noticed:
        return
    since = _undecided_since(generation)
    to_judge = {event.id for event, _ in noticed if (event.recorded_at or FIRST) >= since}
    judged = [fact for event, fact in noticed if event.id in to_judge]
    book = load([fact for _, fact in noticed], judged, generation)
    made: list[tuple[Envelope, Fact, Decision]] = []
    for event, fact in noticed:
        if event.id in to_judge:
            made += ((event, fact, decision) for decision in take(fact, book))
        else:
            book.add(fact)
    store(book, generation)
    if made:
        _act(made)


def _undecided_since(generation: int) -> datetime:
    """When the first event was recorded that the generation judges: a replay leaves to the live one what it had time
    for, and what nothing may come of is not judged at all.
    """
    if generation == SCRATCH:
        return NEVER
    return FIRST if generation == live_number(GROUP) else datetime.now(UTC) - RECENT


def _act(made: Sequence[tuple[Envelope, Fact, Decision]]) -> None:
    """Write the decisions; open a case for each order over the line, and hold it where a courier might still come."""
    unique = {(decision.order, decision.stage): (event, fact, decision) for event, fact, decision in reversed(made)}
    rows = [unique[key] for key in sorted(unique)]
    decisions = [decision for _, _, decision in rows]
    with connection.cursor() as cursor:
        cursor.execute(
            DECIDE,
            [
                *_head(decisions),
                [_json({one.rule.name: one.points for one in decision.fired}) for decision in decisions],
                [_json(as_kept(decision)) for decision in decisions],
                plain([UUID(decision.because_of) if decision.because_of else None for decision in decisions]),
                plain([_time(decision.at) for decision in decisions]),
                plain([event.recorded_at for event, _, _ in rows]),
            ],
        )
        fresh = {(str(order), stage) for order, stage in cursor.fetchall()}
    suspects: dict[str, tuple[Fact, Decision]] = {}
    for _, fact, decision in rows:
        if decision.over and (decision.order, decision.stage) in fresh:
            suspects.setdefault(decision.order, (fact, decision))
    if suspects:
        _open_cases([suspects[order] for order in sorted(suspects)])


def _open_cases(suspects: Sequence[tuple[Fact, Decision]]) -> None:
    decisions = [decision for _, decision in suspects]
    # A linked order's own card and door are not in this fact; the device or account that links them is.
    own = [(fact, fact.order == decision.order) for fact, decision in suspects]
    with connection.cursor() as cursor:
        cursor.execute(
            OPEN,
            [
                plain([UUID(decision.order) for decision in decisions]),
                plain([decision.account for decision in decisions]),
                texts([fact.card if its else "" for fact, its in own]),
                texts([fact.device for fact, _ in own]),
                texts([fact.door if its else "" for fact, its in own]),
                plain([fact.courier if its else 0 for fact, its in own]),
                texts([decision.stage for decision in decisions]),
                plain([decision.score for decision in decisions]),
                [_json({one.rule.name: one.points for one in decision.fired}) for decision in decisions],
                plain([_time(decision.at) for decision in decisions]),
            ],
        )
        opened = {str(row[0]) for row in cursor.fetchall()}
    commands: list[tuple[str, dict[str, str | int]]] = [
        (
            decision.order,
            {
                "order": decision.order,
                "score": decision.score,
                "rules": ",".join(one.rule.name for one in decision.fired),
            },
        )
        for decision in decisions
        if decision.order in opened
    ]
    if commands:
        send_many(HOLD, commands)


def _head(decisions: Sequence[Decision]) -> list[str]:
    return [
        plain([UUID(decision.order) for decision in decisions]),
        texts([decision.stage for decision in decisions]),
        plain([decision.account for decision in decisions]),
        plain([decision.score for decision in decisions]),
    ]


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
