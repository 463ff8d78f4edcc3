"""What needs a hand first: orders, incidents and decisions in one list, the most pressing on top, each with what to do.

Orders come from the dashboard's read model, as all on that page; what customers were told, incidents and decisions that
wait come from their own tables.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Count
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localtime

from analytics.dashboard import selectors as numbers
from analytics.dashboard.now import ATTENTION, GIVEN_UP
from analytics.dashboard.selectors import Scope
from analytics.models import FraudCase
from delivery.eta.overdue import Overdue, overdue
from messaging.alerting.rules import rule_of
from messaging.models import DeadLetter, Incident
from messaging.models.incident import Severity
from orders.models import Refund

#: Of each kind, at most so many are shown.
MOST = 20
#: Orders that need an eye are counted up to here.
COUNTED = 1000
#: Of orders that were given up, so many are named.
FAILED_SHOWN = 3

UNDISPATCHED, OPEN_LONG, AT_THE_COUNTER, UNANSWERED = ATTENTION
LATE, AT_RISK = "later than promised", "at risk of being late"
#: Why an order needs an eye → its place in the list, its colour, and what to do: a word, and a part of its page.
ORDERS = {
    UNDISPATCHED: (1, "bad", "Find a courier", "#couriers-title"),
    LATE: (2, "bad", "Look after it", "#couriers-title"),
    GIVEN_UP: (3, "bad", "See why", "#story"),
    AT_RISK: (5, "work", "Look after it", "#couriers-title"),
    OPEN_LONG: (6, "work", "Look after it", "#couriers-title"),
    AT_THE_COUNTER: (6, "work", "Look after it", "#couriers-title"),
    UNANSWERED: (7, "work", "Call it off", "#reason"),
}
CRITICAL, FAILED, INCIDENT, TAKEN_UP, DECISION = 0, 3, 4, 8, 9


@dataclass(frozen=True, slots=True)
class Hand:
    """One line. `age` in seconds, of the city for orders, of the wall for others; `incident` can be taken up."""

    rank: int
    tone: str
    why: str
    what: str
    url: str
    detail: str
    action: str
    action_url: str
    age: float | None = None
    incident: int | None = None


def hands(now: datetime, scope: Scope) -> tuple[int, list[Hand]]:
    """How many there are, and the first of them."""
    everywhere = not (scope.zone or scope.restaurant)
    count, orders = _orders(now, scope)
    found = list(_decisions()) if everywhere else []
    here = {scope.zone, str(scope.restaurant)}
    for incident in Incident.objects.open().by_need()[:MOST]:
        key = _order_of(incident)
        if key in orders:
            # One line an order: what the incident says of it is the better word.
            orders[key] = _with(orders[key], incident)
        elif everywhere or incident.subject in here:
            found.append(_incident(incident, key))
    listed = [*orders.values(), *found]
    listed.sort(key=lambda hand: (hand.rank, -(hand.age or 0)))
    return count + len(found), listed[:MOST]


def _orders(now: datetime, scope: Scope) -> tuple[int, dict[str, Hand]]:
    _, pressing = numbers.attention(now, scope, limit=COUNTED)
    failed = numbers.undeliverable(now, scope)
    orders = {str(each.order_id): _order(each) for each in pressing}
    for each in overdue(now, zone=scope.zone, restaurant=scope.restaurant):
        key, late = str(each.order_id), _late(each, now)
        before = orders.get(key)
        # Where nobody comes or nobody answers, that says better what to do.
        if before and before.why in (UNDISPATCHED, UNANSWERED):
            late = replace(before, rank=min(before.rank, late.rank), detail=f"{before.detail} · {_told(each)}")
        orders[key] = late
    # There is nothing more to save: the latest stand for all of them.
    count = len(orders) + len(failed)
    return count, orders | {str(each.order_id): _order(each) for each in failed[:FAILED_SHOWN]}


def _late(each: Overdue, now: datetime) -> Hand:
    why = LATE if each.told < now else AT_RISK
    age = (now - each.placed_at).total_seconds()
    seen = numbers.Attention(each.order_id, each.restaurant, each.zone, each.status, why, age, 0)
    hand = _order(seen)
    return replace(hand, detail=f"{hand.detail} · {_told(each)}")


def _told(each: Overdue) -> str:
    return f"told {localtime(each.told):%H:%M} at the latest, expected {localtime(each.expected):%H:%M}"


def _order(each: numbers.Attention) -> Hand:
    rank, tone, action, part = ORDERS[each.why]
    url = reverse("operator-story", args=[each.order_id])
    offers = f"{each.offers} offer{'' if each.offers == 1 else 's'} so far" if rank == 1 else ""
    detail = " · ".join(filter(None, [each.zone.replace("-", " "), each.status.replace("_", " "), offers]))
    return Hand(rank, tone, each.why, each.restaurant or "an order", url, detail, action, url + part, each.open_for)


def _with(hand: Hand, incident: Incident) -> Hand:
    free = incident.acknowledged_at is None
    return replace(hand, detail=f"{hand.detail} · {incident.message}", incident=incident.pk if free else None)


def _incident(incident: Incident, order: str) -> Hand:
    free = incident.acknowledged_at is None
    critical = incident.severity == Severity.CRITICAL
    rank = TAKEN_UP if not free else CRITICAL if critical else INCIDENT
    url = reverse("operator-incident", args=[incident.pk])
    story = reverse("operator-story", args=[order]) if order else ""
    return Hand(
        rank=rank,
        tone="wait" if not free else "bad" if critical else "work",
        why="incident" if free else "incident, taken up",
        what=rule_of(incident.kind).title,
        url=url,
        detail=incident.message,
        action="Its order" if story else "What to do",
        action_url=story or url,
        age=(timezone.now() - incident.opened_at).total_seconds(),
        incident=incident.pk if free else None,
    )


def _decisions() -> Iterator[Hand]:
    """Piles of things that wait for a person, a line each."""
    states = Refund.objects.filter(state__in=[Refund.State.REQUESTED, Refund.State.FAILED])
    refunds = dict(states.values_list("state").annotate(Count("pk")))
    cases = FraudCase.objects.filter(verdict=FraudCase.Verdict.OPEN).count()
    letters = DeadLetter.objects.filter(state=DeadLetter.State.OPEN).count()
    money, fraud, dead = (reverse(f"operator-{page}") for page in ("money", "fraud", "dead-letters"))
    piles = (
        (refunds.get(Refund.State.FAILED, 0), FAILED, "bad", "money", "refund{s} that failed", money),
        (refunds.get(Refund.State.REQUESTED, 0), DECISION, "work", "money", "refund{s} asked for", money),
        (cases, DECISION, "work", "fraud", "case{s} to be reviewed", fraud),
        (letters, DECISION, "work", "dead letters", "message{s} that nobody could handle", dead),
    )
    for count, rank, tone, why, words, url in piles:
        if count:
            what = f"{count} {words.format(s='' if count == 1 else 's')}"
            yield Hand(rank, tone, why, what, url, "", "Decide", url)


def _order_of(incident: Incident) -> str:
    """The order's id, where the incident is about one."""
    try:
        return str(uuid.UUID(incident.subject))
    except ValueError:
        return ""
