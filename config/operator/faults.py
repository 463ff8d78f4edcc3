"""Fault switches and the city's speed, for a demo: break a part, and watch the roads work it off.

Nothing here signals a process: a request names a fault of a fixed list, and the demo's supervisor does the rest
(`config/embedded/faults.py`). Outside a demo these pages do not exist.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from accounts.access import for_role
from accounts.asked import by_htmx
from accounts.models import Role
from config.embedded.faults import FAULTS, Entry, Fault, ask, read_journal
from orders.city import change_speed, city_now, the_city

from .recovery import curves, recorder

#: City seconds a second that the page offers.
SPEEDS = (1, 10, 30, 60, 120, 240)

View = Callable[..., HttpResponseBase]


@dataclass(frozen=True, slots=True)
class Told:
    """A fault that happened, in seconds: how long its part was away, and until all was worked off. None: not yet."""

    fault: Fault
    entry: Entry
    away: float | None
    settled: float | None


def demo_only(view: View) -> View:
    """Where no demo runs there is no such page, for nobody."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if not settings.DEMO:
            raise Http404("Fault switches belong to the demo.")
        return view(request, *args, **kwargs)

    return wrapper


@demo_only
@for_role(Role.OPERATOR)
@require_GET
@never_cache
@vary_on_headers("HX-Request")
def faults(request: HttpRequest) -> HttpResponse:
    """The page; for htmx the recovery alone."""
    journal = read_journal(settings.FORKROAD_HOME)
    entries = journal.entries if journal else []
    samples = recorder.look(entries)
    context = {
        "journal": journal,
        "told": [_told(entry) for entry in entries],
        "curves": curves(samples, entries[0] if entries else None),
        "now": samples[-1],
    }
    if by_htmx(request):
        return render(request, "operator/_recovery.html", context)
    page = {"faults": FAULTS.values(), "speeds": SPEEDS, "city": the_city(), "city_time": city_now()}
    return render(request, "operator/faults.html", context | page)


@demo_only
@for_role(Role.OPERATOR)
@require_POST
def break_it(request: HttpRequest, fault: str) -> HttpResponse:
    """Ask for a fault; one at a time, so that what is drawn has one cause."""
    if fault not in FAULTS:
        raise Http404("There is no such fault.")
    journal = read_journal(settings.FORKROAD_HOME)
    if journal is None or fault not in journal.available:
        messages.error(request, "Nothing was done: the demo that runs here has no such part, or ends.")
    elif journal.under_way:
        messages.info(request, "Nothing was done: wait until the fault before is over.")
    else:
        ask(settings.FORKROAD_HOME, fault)
    return redirect("operator-faults")


@demo_only
@for_role(Role.OPERATOR)
@require_POST
def set_speed(request: HttpRequest) -> HttpResponse:
    """Let the city run slower or faster; its players read the new speed within two seconds."""
    text = request.POST.get("speed", "")
    if text not in {str(speed) for speed in SPEEDS}:
        raise Http404("The city does not run at that speed.")
    change_speed(float(text))
    messages.success(request, f"The city runs at {text} city seconds a second now.")
    return redirect("operator-faults")


def _told(entry: Entry) -> Told:
    settled = recorder.settled.get(entry.id)
    return Told(
        FAULTS[entry.fault],
        entry,
        away=entry.back - entry.began if entry.back else None,
        settled=settled - entry.began if settled else None,
    )
