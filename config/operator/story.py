"""One order's whole story: what the database wrote, what SQS carried, and where Kafka keeps each fact."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from analytics.selectors import where_events_stand
from delivery.models import Courier
from messaging.models import DeadLetter, Incident, OutboxRow, TaskRun
from orders.models import Order, OrderHistory


@dataclass(frozen=True, slots=True)
class Chapter:
    """One line of the timeline; `at` in wall time, by which chapters are sorted. `road` is fact, sqs or offer."""

    at: datetime
    road: str
    title: str
    detail: str
    city_time: datetime | None = None
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Story:
    order: Order
    chapters: list[Chapter]
    waiting: list[OutboxRow]
    incidents: list[Incident]
    dead_letters: list[DeadLetter]


def story_of(order: Order) -> Story:
    """Everything that is known of an order, in the order it happened."""
    history = list(order.history.all())
    stands = where_events_stand([fact.event_id for fact in history])
    names = dict(Courier.objects.filter(assignments__order=order).values_list("pk", "name"))
    key = str(order.pk)
    chapters = [_fact(fact, stands, names) for fact in history]
    chapters += [_attempt(run) for run in TaskRun.objects.filter(key=key)]
    return Story(
        order=order,
        chapters=sorted(chapters, key=lambda chapter: chapter.at),
        waiting=list(OutboxRow.objects.filter(key=key).order_by("id")),
        incidents=list(Incident.objects.filter(subject=key).order_by("opened_at")),
        dead_letters=list(DeadLetter.objects.filter(key=key).order_by("arrived_at")),
    )


def _fact(fact: OrderHistory, stands: Mapping[uuid.UUID, tuple[str, int, int]], names: Mapping[int, str]) -> Chapter:
    stand = stands.get(fact.event_id)
    moved = fact.old_status != fact.new_status
    courier = fact.payload.get("courier_id")
    parts = [
        f"{fact.old_status or '–'} → {fact.new_status}".replace("_", " ") if moved else "",
        f"by {fact.actor_role}",
        names.get(courier, f"courier {courier}") if courier else "",
        fact.reason.replace("_", " "),
    ]
    return Chapter(
        at=fact.recorded_at,
        road="offer" if fact.type.startswith(("offer.", "courier.")) else "fact",
        title=fact.type,
        detail=" · ".join(part for part in parts if part),
        city_time=fact.at,
        facts={
            "sequence": fact.sequence,
            "event": fact.event_id,
            "Kafka": f"{stand[0]} partition {stand[1]} offset {stand[2]}"
            if stand
            else "not read by the audit group yet",
        },
    )


def _attempt(run: TaskRun) -> Chapter:
    took: timedelta | None = run.finished_at - run.started_at if run.finished_at else None
    detail = f"{run.outcome}" + (f" in {took.total_seconds() * 1000:.0f} ms" if took is not None else "")
    return Chapter(
        at=run.started_at,
        road="sqs",
        title=run.task,
        detail=f"{detail} · {run.error.strip().splitlines()[-1]}" if run.error.strip() else detail,
        facts={
            "queue": run.queue,
            "receive count": run.receive_count,
            "message": run.task_id,
            "worker": run.worker or "–",
        },
    )
