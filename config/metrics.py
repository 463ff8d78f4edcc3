"""Numbers for a monitoring system, in Prometheus' text format (version 0.0.4): what should be small and stay small."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator

from django.conf import settings
from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from accounts.models import User
from messaging.models import DeadLetter, Incident, ParkedRecord, ScalingSample, StoredOffset
from messaging.relay.backlog import backlogs

from .operator.roads import consumer_lag

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Sample = tuple[dict[str, str], float]


@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """For those who carry METRICS_TOKEN as a bearer token, and for operators; to anybody else there is nothing here."""
    if not _may_see(request):
        return HttpResponse("Nothing here.\n", status=404, content_type="text/plain")
    return HttpResponse("".join(lines()), content_type=CONTENT_TYPE)


def lines() -> Iterator[str]:
    """Every family of numbers, from the database alone: a broker that is away must not make them late."""
    waiting = backlogs()
    yield from family(
        "forkroad_outbox_rows",
        "Rows that wait, by road, counted up to 100000.",
        (({"road": road}, backlog.size) for road, backlog in waiting.items()),
    )
    yield from family(
        "forkroad_outbox_blocked_rows",
        "Rows that their broker refused for good, by road.",
        (({"road": road}, backlog.blocked) for road, backlog in waiting.items()),
    )
    yield from family(
        "forkroad_outbox_oldest_seconds",
        "Age of the oldest row that waits, by road.",
        (({"road": road}, backlog.age) for road, backlog in waiting.items()),
    )
    yield from family(
        "forkroad_incidents_open",
        "Incidents that need a person, by kind.",
        _counted(Incident.objects.filter(resolved_at=None).values_list("kind").annotate(Count("id")), "kind"),
    )
    yield from family(
        "forkroad_dead_letters_open",
        "Dead letters that nobody has settled, by road.",
        _counted(DeadLetter.objects.filter(state="open").values_list("road").annotate(Count("id")), "road"),
    )
    yield from family(
        "forkroad_parked_records",
        "Records that wait for one before them, by consumer group.",
        _counted(ParkedRecord.objects.values_list("group").annotate(Count("id")), "group"),
    )
    yield from family(
        "forkroad_events_applied_total",
        "Events applied, by consumer group.",
        _counted(StoredOffset.objects.values_list("group").annotate(Sum("events_applied")), "group"),
        kind="counter",
    )
    yield from family(
        "forkroad_consumer_lag_events",
        "Events that a group has still to apply, as far as this web process has seen the topics' ends.",
        (({"group": one.group}, one.lag) for one in consumer_lag() if one.lag is not None),
    )
    latest = ScalingSample.objects.order_by("pool", "-at").distinct("pool")
    yield from family(
        "forkroad_workers", "Worker processes, by pool.", (({"pool": one.pool}, one.workers) for one in latest)
    )


def family(name: str, text: str, samples: Iterable[Sample], *, kind: str = "gauge") -> Iterator[str]:
    yield f"# HELP {name} {text}\n# TYPE {name} {kind}\n"
    for labels, value in samples:
        inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"{name}{{{inside}}} {value:.12g}\n"


def _counted(rows: Iterable[tuple[str, int]], label: str) -> Iterator[Sample]:
    return (({label: name}, count) for name, count in rows)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _may_see(request: HttpRequest) -> bool:
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings.METRICS_TOKEN and hmac.compare_digest(token.encode(), settings.METRICS_TOKEN.encode()):
        return True
    user = request.user
    return isinstance(user, User) and user.is_operator
