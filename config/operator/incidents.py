"""Incidents for the operator: what needs a hand first, one incident's history, taking it up and ending it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from accounts.access import account, for_role
from accounts.asked import by_htmx
from accounts.models import Role, User
from messaging.alerting import verbs
from messaging.alerting.rules import all_rules, rule_of
from messaging.models import Incident, IncidentStep
from messaging.models.incident import Severity

from .runbook import runbook_of

PAGE = 50

STATES = {"open": "Open", "unattended": "Nobody has taken it up", "resolved": "Over", "all": "All"}

STEPS = {
    "alerts.call_next_courier": "Call the next courier",
    "alerts.pause_restaurant": "Pause the restaurant",
    "alerts.resume_restaurant": "Let the restaurant take orders again",
    "alerts.page": "Tell the operators",
    "alerts.webhook": "Tell other systems",
}


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened to an incident; `tone` colours it."""

    at: datetime
    title: str
    text: str
    tone: str


@for_role(Role.OPERATOR)
@require_GET
@never_cache
@vary_on_headers("HX-Request")
def incidents(request: HttpRequest) -> HttpResponse:
    """The page; for htmx its list alone."""
    asked = {
        name: request.GET.get(name, "").replace("\0", "").strip() for name in ("state", "severity", "kind", "words")
    }
    asked["state"] = asked["state"] if asked["state"] in STATES else "open"
    page = Paginator(find(**asked), PAGE).get_page(request.GET.get("page"))
    rules = all_rules()
    kinds = sorted({*rules, *Incident.objects.open().values_list("kind", flat=True)})
    context = {
        "found": [(incident, rule_of(incident.kind), _order_of(incident)) for incident in page],
        "page": page,
        "asked": asked,
        "people": _people(list(page)),
        "states": STATES,
        "severities": Severity.choices,
        "kinds": [(kind, rule_of(kind).title) for kind in kinds],
    }
    template = "operator/_incidents.html" if by_htmx(request) else "operator/incidents.html"
    return render(request, template, context)


def find(*, state: str, severity: str, kind: str, words: str) -> QuerySet[Incident]:
    """Incidents by what the page's form asks, what needs a hand first."""
    found = Incident.objects.by_need()
    if state == "open":
        found = found.filter(resolved_at=None)
    elif state == "unattended":
        found = found.filter(resolved_at=None, acknowledged_at=None)
    elif state == "resolved":
        found = found.filter(resolved_at__isnull=False)
    if severity in Severity.values:
        found = found.filter(severity=severity)
    if kind:
        found = found.filter(kind=kind)
    if words:
        found = found.filter(Q(message__icontains=words[:100]) | Q(subject__icontains=words[:100]))
    return found


@for_role(Role.OPERATOR)
@require_GET
@never_cache
@vary_on_headers("HX-Request")
def incident(request: HttpRequest, incident_id: int) -> HttpResponse:
    """One incident; for htmx what changes of it alone."""
    found = _get(incident_id)
    people = _people([found])
    context = {
        "incident": found,
        "rule": rule_of(found.kind),
        "order": _order_of(found),
        "history": history(found, people),
        "runbook": runbook_of(found.kind),
        "before": Incident.objects.filter(kind=found.kind, subject=found.subject)
        .exclude(pk=found.pk)
        .order_by("-pk")[:10],
    }
    template = "operator/_incident.html" if by_htmx(request) else "operator/incident.html"
    return render(request, template, context)


@for_role(Role.OPERATOR)
@require_POST
def handle(request: HttpRequest, incident_id: int, word: str) -> HttpResponse:
    """Acknowledge or resolve; two presses at one instant are told apart."""
    found = _get(incident_id)
    verb = {"acknowledge": verbs.acknowledge, "resolve": verbs.resolve}.get(word)
    if verb is None:
        raise Http404("An incident is acknowledged or resolved.")
    if not verb(found.pk, by=account(request).pk):
        found.refresh_from_db()
        why = "it is over" if found.resolved_at else "somebody looks after it already"
        messages.info(request, f"Nothing was changed: {why}.")
    return redirect("operator-incident", found.pk)


def history(incident: Incident, people: dict[int, str]) -> list[Moment]:
    """What happened to an incident, in time."""
    told = [Moment(incident.opened_at, "Opened", incident.message, "sqs")]
    if incident.acknowledged_at:
        who = people.get(incident.acknowledged_by or 0, "somebody")
        told.append(Moment(incident.acknowledged_at, "Acknowledged", f"by {who}", "offer"))
    if incident.escalated_at:
        told.append(Moment(incident.escalated_at, "Escalated", "nobody had acknowledged it in time", "sqs"))
    if incident.resolved_at:
        who = f"by {people.get(incident.resolved_by, 'somebody')}" if incident.resolved_by else "over by itself"
        told.append(Moment(incident.resolved_at, "Resolved", who, "fact"))
    for step in incident.steps.all():
        text = step.outcome if step.state != IncidentStep.State.OWED else "on its way: a command on the queue alerts"
        told.append(Moment(step.done_at or step.made_at, STEPS.get(step.task, step.task), text, "offer"))
    return sorted(told, key=lambda moment: moment.at)


@for_role(Role.OPERATOR)
@require_GET
@never_cache
def count(request: HttpRequest) -> HttpResponse:
    """What nobody has taken up, for the head of each of the operator's pages."""
    return render(
        request, "operator/_incident_count.html", {"incidents_unattended": Incident.objects.unattended().count()}
    )


def _get(incident_id: int) -> Incident:
    # The largest id that PostgreSQL takes.
    return get_object_or_404(Incident.objects.prefetch_related("steps"), pk=min(incident_id, 2**63 - 1))


def _people(found: list[Incident]) -> dict[int, str]:
    ids = {who for one in found for who in (one.acknowledged_by, one.resolved_by) if who is not None}
    return dict(User.objects.filter(pk__in=ids).values_list("pk", "username"))


def _order_of(incident: Incident) -> str:
    """The order's id, where the incident is about one."""
    try:
        return str(uuid.UUID(incident.subject))
    except ValueError:
        return ""
