"""Replay from a page: which read model, whole or a window of time; how far it is, and what came of it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRefresh

from accounts.access import account, for_role
from accounts.asked import by_htmx
from accounts.models import Role
from messaging.consuming.group import all_groups
from messaging.consuming.replay import CannotReplay
from messaging.models import ReplayRun
from messaging.replays import keeping

#: Runs that are shown, the newest first.
SHOWN = 8


def moment() -> forms.DateTimeInput:
    return forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class Asked(forms.Form):
    """What is to be replayed. Times are wall times, as the transactions that wrote the facts had them."""

    group = forms.ChoiceField(label="Read model")
    kind = forms.ChoiceField(
        label="What to do", choices=ReplayRun.Kind.choices, initial=ReplayRun.Kind.COMPARE, widget=forms.RadioSelect
    )
    since = forms.DateTimeField(label="From", required=False, widget=moment())
    until = forms.DateTimeField(label="To", required=False, widget=moment())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups = sorted(group.name for group in all_groups() if group.replayable)
        self.fields["group"] = forms.ChoiceField(label="Read model", choices=[(name, name) for name in groups])


@for_role(Role.OPERATOR)
@require_GET
@never_cache
@vary_on_headers("HX-Request")
def replay(request: HttpRequest) -> HttpResponse:
    """The page; for htmx how far the open run is, and when it has ended the whole page anew."""
    run = keeping.open_run()
    if by_htmx(request):
        return render(request, "operator/_replay.html", {"run": run}) if run else HttpResponseClientRefresh()
    return _page(request, Asked(), run)


@for_role(Role.OPERATOR)
@require_POST
def start(request: HttpRequest) -> HttpResponse:
    form = Asked(request.POST)
    if not form.is_valid():
        return _page(request, form, keeping.open_run(), status=422)
    told = form.cleaned_data
    try:
        keeping.ask(told["group"], told["kind"], since=told["since"], until=told["until"], by=account(request).pk)
    except (keeping.AlreadyOpen, CannotReplay) as error:
        form.add_error(None, f"Nothing was started: {error}.")
        return _page(request, form, keeping.open_run(), status=422)
    return redirect("operator-replay")


@for_role(Role.OPERATOR)
@require_POST
def call_off(request: HttpRequest, run_id: int) -> HttpResponse:
    """Let it end; a rebuild that is called off leaves the live model as it was."""
    if not keeping.call_off(min(run_id, 2**63 - 1)):
        messages.info(request, "Nothing was changed: it is over.")
    return redirect("operator-replay")


def _page(request: HttpRequest, form: Asked, run: ReplayRun | None, *, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "run": run,
        "runs": ReplayRun.objects.exclude(ended_at=None).order_by("-pk")[:SHOWN],
        "groups": sorted(all_groups(), key=lambda group: group.name),
    }
    return render(request, "operator/replay.html", context, status=status)
