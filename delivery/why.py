"""Why an order has no courier: everyone who might bring it, how well they are placed, and what keeps them from it.

What is shown is what a round would see: the same snapshot, the same costs, the same kept plan.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils.timezone import localtime

from orders.city import city_now, the_city
from orders.models import Order

from . import dispatch, planning, selectors, snapshot
from .models import HELD, AnnouncedShift, Assignment, Courier, Offer, Plan, Shift
from .planning.planner import Planner
from .planning.round import Round, Weights

#: Candidates of one page.
PAGE = 30
#: Minutes to the door by which another courier is better before one counts as too far away.
FAR_MINUTES = 15.0


@dataclass(frozen=True, slots=True)
class Score:
    """Were it the courier's next trip. minutes: from now to the door; cost: what the plan would charge, in minutes."""

    minutes: float
    cost: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A courier of the order's zone; `why` is a code of `REASONS`, `detail` what fills it in, in words."""

    courier: Courier
    score: Score | None
    why: str
    detail: str
    can_take: bool

    @property
    def words(self) -> str:
        return REASONS[self.why]


#: Each reason for which a courier has not been asked, or has not taken it, in words.
REASONS = {
    "has_it": "has it",
    "asked": "is asked now",
    "offline": "offline",
    "off_shift": "past the end of the shift",
    "off_map": "no place known",
    "declined": "declined it",
    "timed_out": "did not answer",
    "taken_back": "it was taken back from them",
    "other_offer": "is asked about another order",
    "at_capacity": "carries all they can",
    "busy": "has a delivery to finish first",
    "shift_ends": "the shift ends before the pickup",
    "waits": "planned for it, and need not leave yet",
    "planned_later": "planned for it after another trip",
    "better_elsewhere": "better placed for another order",
    "too_far": "too far away",
    "others_nearer": "another courier is better placed",
    "next": "best placed: asked in the next round",
}


def score(order: planning.Order, view: planning.View) -> dict[int, Score]:
    """What each courier of the view would make of the order, by courier id, but those whose shift ends before.

    The one place that knows how the policy reckons.
    """
    if order.restaurant not in view.city.restaurants:
        return {}
    anybody = [replace(courier, passed_over=frozenset()) for courier in view.couriers]
    alone = replace(view, orders=[order], couriers=anybody)
    demand = Planner().demand(alone)
    plain = Round(alone, weights=Weights(over=0.0, late=0.0, end=0.0, time=0.0, scarce=0.0), demand=demand)
    charged = Round(alone, weights=Weights(), demand=demand)
    route = ((0,),)
    scores = {}
    for row, courier in enumerate(anybody):
        took = plain.cost(row, route)
        if math.isfinite(took):
            scores[int(courier.id)] = Score(took + order.placed_at - view.now, charged.cost(row, route))
    return scores


def candidates(order: Order) -> list[Candidate]:
    """Every courier of the order's zone, the best placed first, those who cannot be scored last."""
    view = snapshot.take(order.zone, lead=dispatch.lead_minutes(the_city())).view
    scores = score(snapshot.planned(order, the_city()), view) if order.ready_by is not None else {}
    reasons = _Reasons(order, view, scores)
    found = [
        Candidate(
            courier,
            scores.get(courier.pk),
            *reasons.of(courier),
            can_take=courier.online and courier.spare > 0,
        )
        for courier in _couriers(order)
    ]
    return sorted(found, key=_best_first)


def _best_first(candidate: Candidate) -> tuple[bool, float, bool, str]:
    cost = candidate.score.cost if candidate.score is not None else math.inf
    return candidate.score is None, cost, not candidate.courier.online, candidate.courier.name


def _couriers(order: Order) -> QuerySet[Any]:
    """Of the zone, with `load`, `spare` room, and how each was last asked about this order."""
    of_order = Assignment.objects.filter(order=order, courier=OuterRef("pk")).order_by("-pk")
    asked = Offer.objects.filter(courier=OuterRef("pk"), state=Offer.State.OPEN).exclude(assignments__order=order)
    coming = AnnouncedShift.objects.standing().filter(courier=OuterRef("pk")).order_by("starts_at")
    couriers: QuerySet[Any] = Courier.objects.filter(zone=order.zone).annotate(
        load=Count("assignments", filter=Q(assignments__state__in=HELD)),
        on_shift=Exists(Courier.objects.on_shift().filter(pk=OuterRef("pk"))),
        until=Subquery(Shift.objects.filter(courier=OuterRef("pk"), ended_at=None).values("until")[:1]),
        coming=Subquery(coming.values("starts_at")[:1]),
        other_offer=Exists(asked),
        holds=Subquery(of_order.values("state")[:1]),
        outcome=Subquery(of_order.values("offer__state")[:1]),
        answered_at=Subquery(of_order.values("offer__answered_at")[:1]),
        passed_over=Exists(selectors.recent_refusals().filter(order=order, courier=OuterRef("pk"))),
    )
    with_room: QuerySet[Any] = couriers.annotate(spare=F("capacity") - F("load"))
    return with_room


class _Reasons:
    """What keeps each courier from one order, in the view of one round."""

    def __init__(self, order: Order, view: planning.View, scores: dict[int, Score]) -> None:
        self.order, self.view, self.scores = order, view, scores
        self.seen = {int(courier.id): courier for courier in view.couriers}
        memory = Plan.objects.filter(zone=order.zone).values_list("memory", flat=True).first() or {}
        self.kept: dict[str, list[list[str]]] = memory.get("kept", {})
        self.best = min((each.cost for each in scores.values()), default=math.inf)

    def of(self, courier: Courier) -> tuple[str, str]:
        """The code and its detail."""
        return self._of_this_order(courier) or self._of_the_courier(courier) or self._of_the_plan(courier)

    def _of_this_order(self, courier: Courier) -> tuple[str, str] | None:
        row = vars(courier)
        if row["holds"] in (Assignment.State.ACTIVE, Assignment.State.COMPLETED):
            return "has_it", ""
        if row["holds"] == Assignment.State.OFFERED:
            return "asked", ""
        if not row["passed_over"] or row["answered_at"] is None:
            return None
        codes = {Offer.State.DECLINED: "declined", Offer.State.EXPIRED: "timed_out"}
        again = row["answered_at"] + selectors.ASK_AGAIN_AFTER
        return codes.get(
            row["outcome"], "taken_back"
        ), f"asked again after {localtime(again):%H:%M}" if courier.online else ""

    def _of_the_courier(self, courier: Courier) -> tuple[str, str] | None:
        row = vars(courier)
        if not courier.online:
            return "offline", f"announced for {localtime(row['coming']):%a %H:%M}" if row["coming"] else ""
        if not row["on_shift"]:
            return "off_shift", f"since {localtime(row['until']):%H:%M}" if row["until"] else ""
        if row["other_offer"]:
            return "other_offer", ""
        if row["spare"] <= 0:
            return "at_capacity", f"{row['load']} of {courier.capacity}"
        if courier.pk not in self.seen:
            return "off_map", ""
        return None

    def _of_the_plan(self, courier: Courier) -> tuple[str, str]:
        own, key = self.scores.get(courier.pk), str(self.order.pk)
        seen = self.seen[courier.pk]
        trips = self.kept.get(str(courier.pk), [])
        for place, trip in enumerate(trips):
            if key in trip:
                return ("waits", self._leaves_at(seen, trip)) if place == 0 else ("planned_later", f"trip {place + 1}")
        if own is None:
            return "shift_ends", f"at {_clock(seen.off_at)}" if self.order.ready_by else ""
        if trips:
            return "better_elsewhere", ""
        if seen.free_at > self.view.now:
            return "busy", f"until about {_clock(seen.free_at)}"
        if own.cost > self.best + FAR_MINUTES:
            return "too_far", f"{own.cost - self.best:.0f} minutes more than the best"
        if own.cost > self.best:
            return "others_nearer", f"by {own.cost - self.best:.1f} minutes"
        return "next", ""

    def _leaves_at(self, courier: planning.Courier, trip: list[str]) -> str:
        orders = [order for order in self.view.orders if order.id in trip]
        if not orders:
            return ""
        alone = replace(self.view, orders=orders, couriers=[courier])
        around = Round(alone, weights=Weights(), demand=Planner().demand(alone))
        return f"leaves at {_clock(around.leaves_at(0, tuple(range(len(orders)))))}"


def _clock(minutes: float) -> str:
    moment = datetime.fromtimestamp(minutes * 60, tz=UTC)
    if moment - city_now() > timedelta(days=2):
        return "no set time"
    return f"{localtime(moment):%H:%M}"
