"""Three pages of one stream: what pricing, monitoring and compliance, each a group of its own, made of the ticks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.access import for_role
from accounts.asked import by_htmx
from accounts.models import Role
from analytics.compliance import selectors as compliance_records
from analytics.monitoring import selectors as monitor
from config.templatetags.forkroad import money
from orders.models import Restaurant
from orders.pricing import selectors as fares
from orders.pricing.fares import WrongBounds, set_bounds

from .board import Drawing
from .lines import Series, draw

#: Wall time that the charts show, and rows of a chart's table.
SPAN, ROWS = timedelta(minutes=15), 30

#: A line's name and its points: wall time and value.
Named = tuple[str, Sequence[tuple[datetime, float]]]


@dataclass(frozen=True, slots=True)
class ZoneFee:
    fare: fares.ZoneNow
    pressure: Drawing
    surcharge: Drawing


@for_role(Role.OPERATOR)
@require_GET
def pricing(request: HttpRequest) -> HttpResponse:
    """Each zone's surcharge, the pressure it follows, and the bounds it keeps to."""
    zones = [_fee(one) for one in fares.zones(SPAN)]
    return render(request, _template(request, "pricing"), {"zones": zones, "steps": fares.latest_steps()})


@for_role(Role.OPERATOR)
@require_POST
def bounds(request: HttpRequest, zone: str) -> HttpResponse:
    """Set a zone's bounds; they are typed in cents."""
    if not Restaurant.objects.filter(zone=zone).exists():
        raise Http404("There is no such zone.")
    try:
        lowest, highest = (int(request.POST.get(name, "")) for name in ("lowest", "highest"))
        changed = set_bounds(zone, lowest=lowest, highest=highest)
    except ValueError as error:
        words = str(error) if isinstance(error, WrongBounds) else "both are whole cents"
        messages.error(request, f"Nothing was changed: {words}.")
    else:
        messages.success(
            request, f"{zone}: {money(lowest)} to {money(highest)}." if changed else "They were so already."
        )
    return redirect("operator-pricing")


@for_role(Role.OPERATOR)
@require_GET
def monitoring(request: HttpRequest) -> HttpResponse:
    """Each zone's market as its ticks say, and what stood out."""
    markets = [
        (market, _drawing(f"Market of {market.zone}", _lately(market), lambda value: f"{value:.1f}"))
        for market in monitor.markets(hours=SPAN / timedelta(hours=1))
    ]
    return render(request, _template(request, "monitoring"), {"markets": markets, "episodes": monitor.episodes()})


@for_role(Role.OPERATOR)
@require_GET
def compliance(request: HttpRequest) -> HttpResponse:
    """Violations first; then the latest orders with the fee shown and charged, and the latest fares."""
    counted = compliance_records.numbers()
    context = {
        "counted": [(words, counted.get(name, 0)) for name, words in compliance_records.VERDICTS.items()],
        "orders": sum(counted.values()),
        "kept": counted.get("kept", 0),
        "violations": compliance_records.violations(),
        "charges": compliance_records.charges(),
        "fares": compliance_records.fares(),
    }
    return render(request, _template(request, "compliance"), context)


def _template(request: HttpRequest, name: str) -> str:
    """The page; for htmx, which asks again while it is looked at, what changes on it."""
    return f"operator/_{name}.html" if by_htmx(request) else f"operator/{name}.html"


def _fee(zone: fares.ZoneNow) -> ZoneFee:
    pressures = _drawing(
        f"Pressure in {zone.name}",
        [
            ("orders a free courier", [(one.at, one.value) for one in zone.pressures]),
            ("smoothed", [(one.at, one.smooth) for one in zone.pressures]),
        ],
        lambda value: f"{value:.2f}",
    )
    steps = _drawing(
        f"Surcharge in {zone.name}", [("surcharge", zone.steps)], lambda value: money(round(value)), step=True
    )
    return ZoneFee(zone, pressures, steps)


def _lately(market: monitor.Market) -> list[Named]:
    return [
        ("orders that want a courier", [(one.at, one.demand) for one in market.points]),
        ("couriers free", [(one.at, one.supply) for one in market.points]),
    ]


def _drawing(name: str, lines: Sequence[Named], text: Callable[[float], str], *, step: bool = False) -> Drawing:
    """Lines over the last minutes; the table has one row in so many, and always the newest."""
    now = timezone.now()
    first = now - SPAN
    series = [
        Series(line, [((at - first).total_seconds() / 60, value) for at, value in points], step=step)
        for line, points in lines
    ]
    length = SPAN / timedelta(minutes=1)
    labels = [(0.0, "15 min ago"), (length / 2, "7"), (length, "now")]
    times = [at for at, _ in lines[0][1]]
    columns = [[text(value) for _, value in points] for _, points in lines]
    every = max(1, len(times) // ROWS)
    rows = [
        (f"{timezone.localtime(times[place]):%H:%M:%S}", [column[place] for column in columns])
        for place in range(len(times) - 1, -1, -every)
    ]
    chart = draw(series, labels=labels, height=150, text=text)
    return Drawing(name, chart, [line for line, _ in lines], rows)
