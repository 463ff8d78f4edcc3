"""How well time promises hold, and what one order was promised: pages of the operator."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from accounts.access import for_role
from accounts.models import Role
from delivery.eta.calibration import GOAL, Calibration, Kept, calibration
from delivery.eta.estimate import STAGES
from delivery.models import Promise
from orders.models import Order

WIDTH, HEIGHT = 600, 200
LEFT, BOTTOM, TOP = 44, 24, 10
#: The chart's lowest share: what lies below is drawn on its floor.
FLOOR = 0.5


@dataclass(frozen=True, slots=True)
class Dot:
    """A stage's share and between which shares the true one lies, in the picture's units."""

    kept: Kept
    number: int
    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Chart:
    dots: list[Dot]
    ticks: list[tuple[float, int]]
    goal_top: float
    goal_height: float
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT


def draw(found: Calibration) -> Chart:
    """A dot for each stage with its interval, over the band that counts as kept."""
    slot = (WIDTH - LEFT) / max(1, len(found.stages))
    dots = []
    for index, kept in enumerate(found.stages):
        low, high = kept.interval
        x = round(LEFT + slot * (index + 0.5), 1)
        dots.append(Dot(kept, list(STAGES).index(kept.stage) + 1, x, _y(kept.share), _y(low), _y(high)))
    ticks = [(_y(percent / 100), percent) for percent in (50, 60, 70, 80, 90, 100)]
    return Chart(dots, ticks, goal_top=_y(GOAL[1]), goal_height=round(_y(GOAL[0]) - _y(GOAL[1]), 1))


def _y(share: float) -> float:
    return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - (max(FLOOR, share) - FLOOR) / (1 - FLOOR)), 1)


@for_role(Role.OPERATOR)
@require_GET
def promises(request: HttpRequest) -> HttpResponse:
    """The fragment of the city's page: of all promises, how many held."""
    found = calibration()
    context = {"calibration": found, "chart": draw(found), "chance": round(100 * found.chance), "goal": GOAL}
    return render(request, "operator/_promises.html", context)


@dataclass(frozen=True, slots=True)
class Told:
    """A promise of one order; `kept` is None until it is delivered."""

    stage: str
    made_at: datetime
    estimated: datetime
    latest_by: datetime
    kept: bool | None


@for_role(Role.OPERATOR)
@require_GET
def order_promises(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """The fragment of an order's page: each promise that was made of it."""
    order = get_object_or_404(Order, pk=order_id)
    told = [
        Told(
            stage=STAGES.get(each.stage, each.stage),
            made_at=each.made_at,
            estimated=each.estimated,
            latest_by=each.latest_by,
            kept=None if each.delivered_at is None else each.delivered_at <= each.latest_by,
        )
        for each in Promise.objects.filter(order=order).order_by("sequence")
    ]
    return render(request, "operator/_order_promises.html", {"promises": told, "order": order})
