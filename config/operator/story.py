"""One order's whole story: what the database wrote, what SQS carried, and where Kafka keeps each fact.

Each chapter is told as the way it went, station by station, so that the page explains the system to a newcomer.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from analytics.selectors import where_events_stand
from delivery.models import Courier
from messaging.models import DeadLetter, Incident, OutboxRow, Span, TaskRun
from orders.models import Order, OrderHistory

#: Which facts owe which commands: lifecycle writes both in one transaction.
OWED_BY: dict[str, frozenset[str]] = {
    "payments.authorise": frozenset({"order.placed"}),
    "payments.capture": frozenset({"order.delivered"}),
    "payments.void": frozenset({"order.cancelled", "order.rejected", "order.undeliverable"}),
    "delivery.release": frozenset({"order.cancelled", "order.undeliverable"}),
}


@dataclass(frozen=True, slots=True)
class Station:
    """A place on the way of a fact or a command; `missing` where it has not come so far."""

    name: str
    text: str
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Chapter:
    """One line of the timeline; `at` in wall time, by which chapters are sorted. `road` is fact, sqs or offer."""

    at: datetime
    road: str
    title: str
    detail: str
    way: Sequence[Station]
    city_time: datetime | None = None
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Story:
    order: Order
    chapters: list[Chapter]
    waiting: list[OutboxRow]
    incidents: list[Incident]
    dead_letters: list[DeadLetter]

    @property
    def facts(self) -> int:
        return sum(chapter.road != "sqs" for chapter in self.chapters)

    @property
    def attempts(self) -> int:
        return len(self.chapters) - self.facts


@dataclass(frozen=True, slots=True)
class Readers:
    """Groups that have read a fact, and wall time from its commit until the first and the last had applied it."""

    groups: int
    first: timedelta
    last: timedelta


def story_of(order: Order) -> Story:
    """Everything that is known of an order, in the order it happened."""
    history = list(order.history.all())
    stands = where_events_stand([fact.event_id for fact in history])
    names = dict(Courier.objects.filter(assignments__order=order).values_list("pk", "name"))
    key = str(order.pk)
    waiting = list(OutboxRow.objects.filter(key=key).order_by("id"))
    owed = {row.message_id: row for row in waiting}
    readers = _readers(key, history, stands)
    chapters = [
        _fact(fact, stands.get(fact.event_id), owed.get(fact.event_id), readers.get(fact.event_id), names)
        for fact in history
    ]
    chapters += [_attempt(run, history) for run in TaskRun.objects.filter(key=key)]
    return Story(
        order=order,
        chapters=sorted(chapters, key=lambda chapter: chapter.at),
        waiting=waiting,
        incidents=list(Incident.objects.filter(subject=key).order_by("opened_at")),
        dead_letters=list(DeadLetter.objects.filter(key=key).order_by("arrived_at")),
    )


def _readers(
    key: str, history: Sequence[OrderHistory], stands: Mapping[uuid.UUID, tuple[str, int, int]]
) -> dict[uuid.UUID, Readers]:
    """From the spans that groups leave of what they applied; none where no traces are kept."""
    applied: defaultdict[tuple[object, object], list[datetime]] = defaultdict(list)
    for facts, ended_at in Span.objects.filter(key=key, facts__has_key="offset").values_list("facts", "ended_at"):
        applied[facts.get("partition"), facts.get("offset")].append(ended_at)
    found = {}
    for fact in history:
        _, partition, offset = stands.get(fact.event_id, ("", None, None))
        if ends := applied.get((partition, offset)):
            found[fact.event_id] = Readers(len(ends), min(ends) - fact.recorded_at, max(ends) - fact.recorded_at)
    return found


def _fact(
    fact: OrderHistory,
    stand: tuple[str, int, int] | None,
    owed: OutboxRow | None,
    readers: Readers | None,
    names: Mapping[int, str],
) -> Chapter:
    moved = fact.old_status != fact.new_status
    courier = fact.payload.get("courier_id")
    parts = [
        f"{fact.old_status or '–'} → {fact.new_status}".replace("_", " ") if moved else "",
        f"by {fact.actor_role}",
        names.get(courier, f"courier {courier}") if courier else "",
        fact.reason.replace("_", " "),
    ]
    if owed:
        tries = f", {owed.attempts} attempt{'' if owed.attempts == 1 else 's'} so far" if owed.attempts else ""
        sent = Station("Outbox", f"waits for Kafka{tries}", missing=True)
    else:
        sent = Station("Outbox", "sent, acknowledged, deleted")
    way = [
        Station("Postgres", f"version {fact.sequence}, history and outbox in one commit"),
        sent,
        Station("Kafka", f"{stand[0]}, partition {stand[1]}, offset {stand[2]}")
        if stand
        else Station("Kafka", "not read by the audit group yet", missing=True),
    ]
    if readers:
        groups = f"{readers.groups} group{'' if readers.groups == 1 else 's'} applied it"
        way.append(Station("Read models", f"{groups}, {_span(readers.first, readers.last)} after the commit"))
    return Chapter(
        at=fact.recorded_at,
        road="offer" if fact.type.startswith(("offer.", "courier.")) else "fact",
        title=fact.type,
        detail=" · ".join(part for part in parts if part),
        way=way,
        city_time=fact.at,
    )


def _attempt(run: TaskRun, history: Sequence[OrderHistory]) -> Chapter:
    took: timedelta | None = run.finished_at - run.started_at if run.finished_at else None
    detail = f"{run.outcome}" + (f" in {_ms(took)}" if took is not None else "")
    causes = OWED_BY.get(run.task, frozenset())
    cause = next((fact for fact in history if fact.type in causes and fact.recorded_at <= run.started_at), None)
    owed = f"owed by {cause.type}, in its transaction" if cause else "owed by a committed transaction"
    waited = (
        f", {_ms(run.started_at - cause.recorded_at)} after that commit" if cause and run.receive_count == 1 else ""
    )
    return Chapter(
        at=run.started_at,
        road="sqs",
        title=run.task,
        detail=f"{detail} · {run.error.strip().splitlines()[-1]}" if run.error.strip() else detail,
        way=[
            Station("Outbox", owed),
            Station("SQS", f"queue {run.queue}, receive count {run.receive_count}{waited}"),
            Station("Worker", f"{run.worker or 'unknown'}, for this message alone", missing=run.finished_at is None),
        ],
        failed=run.outcome == TaskRun.Outcome.FAILED,
    )


def _ms(length: timedelta) -> str:
    seconds = length.total_seconds()
    return f"{seconds * 1000:.0f} ms" if seconds < 10 else f"{seconds:.0f} s"


def _span(first: timedelta, last: timedelta) -> str:
    return _ms(last) if _ms(first) == _ms(last) else f"{_ms(first)} to {_ms(last)}"
