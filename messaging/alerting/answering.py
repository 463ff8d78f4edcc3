"""What each incident is owed: found by the sweeper, once a second, by what is missing.

Whoever opens an incident writes one row and nothing more, in whatever transaction it is. The steps follow from the
rule and from what has happened to the incident since, so none depends on anybody having been told.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import CharField, Exists, F, OuterRef, Q, Value
from django.db.models.functions import Cast, Concat, Now

from messaging.models import Incident, IncidentStep, OutboxRow, Road
from messaging.outbox import send

from .rules import PAGE, WEBHOOK, all_rules, rule_of

Moment, State = IncidentStep.Moment, IncidentStep.State

#: Incidents looked at in one pass, and steps reminded of.
LOOKED_AT, BATCH = 1000, 200
#: Wall time that a step's command has before it is owed again.
FORGOTTEN = timedelta(seconds=60)
#: Incidents that ended longer ago than this get nothing more, and steps made longer ago are not reminded of.
LATELY = timedelta(hours=1)


def answer_incidents() -> int:
    """Escalate what nobody took up, and owe every incident the steps it lacks; how many steps that were."""
    escalate()
    made = 0
    live = Incident.objects.filter(Q(resolved_at=None) | Q(resolved_at__gt=Now() - LATELY))
    for incident in live.order_by(F("resolved_at").asc(nulls_first=True), "-opened_at").prefetch_related("steps")[
        :LOOKED_AT
    ]:
        have = {(step.task, step.moment) for step in incident.steps.all()}
        for task, moment in _due(incident, have):
            made += _owe(incident, task, moment)
    return made + _remind()


def escalate() -> int:
    """Mark the incidents that nobody acknowledged in their rule's time; how many that were."""
    marked = 0
    rules = all_rules()
    waiting = Incident.objects.unattended().filter(escalated_at=None)
    for kind in list(waiting.values_list("kind", flat=True).distinct().order_by()):
        patience = rules[kind].patience if kind in rules else rule_of(kind).patience
        marked += waiting.filter(kind=kind, opened_at__lt=Now() - patience).update(escalated_at=Now())
    return marked


def _due(incident: Incident, have: set[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    rule = rule_of(incident.kind)
    wanted: list[tuple[str, str]] = []
    if incident.resolved_at is None:
        wanted += [(task, Moment.OPENED) for task in rule.on_opening]
        if incident.escalated_at is not None:
            wanted += [(PAGE, Moment.ESCALATED), (WEBHOOK, Moment.ESCALATED)]
    elif have:
        # Only what was begun has an end to be told of.
        wanted += [(task, Moment.RESOLVED) for task in rule.closing]
        if any(task == WEBHOOK for task, _ in have):
            wanted.append((WEBHOOK, Moment.RESOLVED))
    for task, moment in wanted:
        if (task, moment) not in have and (task != WEBHOOK or settings.ALERT_WEBHOOK_URL):
            yield task, moment


@transaction.atomic
def _owe(incident: Incident, task: str, moment: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO messaging_incidentstep (incident_id, task, moment) VALUES (%s, %s, %s)"
            " ON CONFLICT (incident_id, task, moment) DO NOTHING RETURNING id",
            [incident.pk, task, moment],
        )
        made = cursor.fetchone()
    if made is None:
        return False
    send(task, key=_key(incident.pk), step=made[0])
    return True


def _remind() -> int:
    """Owe the queue again what it has had no answer for, but not while the last call still waits in the outbox."""
    key = Concat(Value("incident-"), Cast(OuterRef("incident"), CharField()))
    waiting = OutboxRow.objects.filter(road=Road.SQS, type=OuterRef("task"), key=key)
    free = Q(leased_until=None) | Q(leased_until__lt=Now())
    lost = IncidentStep.objects.filter(
        free, state=State.OWED, called_at__lt=Now() - FORGOTTEN, made_at__gt=Now() - LATELY
    )
    reminded = 0
    for step in list(lost.exclude(Exists(waiting)).order_by("called_at")[:BATCH]):
        with transaction.atomic():
            if lost.filter(pk=step.pk).update(called_at=Now()) == 1:
                send(step.task, key=_key(step.incident_id), step=step.pk)
                reminded += 1
    return reminded


def _key(incident_id: int) -> str:
    return f"incident-{incident_id}"
