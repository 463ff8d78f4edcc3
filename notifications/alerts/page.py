"""Telling operators of an incident, by the channels that they chose."""

from __future__ import annotations

import uuid

from django.db.models import Q

from accounts.models import Role, User
from messaging.alerting.responding import response
from messaging.alerting.rules import PAGE, rule_of
from messaging.models import Incident
from notifications.asking import Ask, ask_many
from notifications.bells import ring

NAMESPACE = uuid.UUID("5a6f7b52-7c0e-5d0b-9a51-3f4f5f6b0c88")


@response(PAGE)
def page(incident: Incident) -> str:
    """Notify every operator; once when it opens, where it is critical, and once when nobody took it up."""
    moment = "escalated" if incident.escalated_at is not None else "opened"
    title = rule_of(incident.kind).title
    # The same incident and moment is the same fact: a repeat finds its notices there.
    event_id = uuid.uuid5(NAMESPACE, f"{incident.pk}/{moment}")
    facts = {
        "title": f"Nobody has taken it up: {title}" if moment == "escalated" else title,
        "text": incident.message,
        "link": f"/operator/incidents/{incident.pk}/",
        "severity": incident.severity,
    }
    operators = User.objects.filter(Q(role=Role.OPERATOR) | Q(is_superuser=True), is_active=True)
    people = list(operators.order_by("pk").values_list("pk", flat=True))
    promised = ask_many([Ask(event_id, person, "incident", str(incident.pk), facts) for person in people])
    ring(promised.inboxes)
    return f"{len(people)} operator{'' if len(people) == 1 else 's'} told, by {promised.rows} notices"
