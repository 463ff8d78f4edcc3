"""Questions to old events, on a page: the same answers as `manage.py history`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.access import for_role
from accounts.models import Role
from analytics.dashboard.selectors import Scope
from analytics.history import questions
from analytics.history.questions import STEPS, Outcome, Window
from analytics.history.rules import Promise
from messaging.consuming.replay import CannotReplay
from messaging.kafka import Unreachable
from orders.city import city_now

from .board import Drawing
from .lines import Series, draw

#: Records that a page reads for one window; the command has no such limit.
MOST = 200_000
USUAL = Promise()


class Question(forms.Form):
    """What is asked; `hours` is the window's length."""

    ask = forms.ChoiceField(
        label="Question",
        choices=[
            ("hour", "What did this time look like a week and four weeks ago?"),
            ("rule", "How would its orders look under another rule?"),
        ],
        initial="hour",
    )
    since = forms.DateTimeField(
        label="From (city time)",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
    )
    hours = forms.IntegerField(label="Hours", min_value=1, max_value=24, initial=1)
    zone = forms.SlugField(label="Zone", required=False, max_length=60)
    within = forms.FloatField(label="Promise, minutes from the click", min_value=1, max_value=600, initial=USUAL.within)
    after_ready = forms.FloatField(
        label="Or minutes after the kitchen's promise", min_value=0, max_value=600, required=False
    )
    at_risk = forms.FloatField(label="At risk after, minutes", min_value=1, max_value=600, initial=USUAL.at_risk)

    def window(self) -> tuple[datetime, timedelta]:
        """Where it begins, in whole hours unless one is given, and how long it is."""
        length = timedelta(hours=self.cleaned_data["hours"])
        since = self.cleaned_data["since"]
        if since is None:
            since = city_now().replace(minute=0, second=0, microsecond=0) - length + timedelta(hours=1)
        return since, length

    def rule(self) -> Promise:
        told = self.cleaned_data
        return Promise(within=told["within"], after_ready=told["after_ready"], at_risk=told["at_risk"])


@for_role(Role.OPERATOR)
@require_GET
def history(request: HttpRequest) -> HttpResponse:
    """The form, and the answer once a question is asked; it reads the stream, which takes a second or a few."""
    context: dict[str, Any] = {}
    question = Question(request.GET) if "ask" in request.GET else Question()
    if question.is_bound and question.is_valid():
        try:
            context = answer(question)
        except (CannotReplay, Unreachable, OverflowError) as error:
            context = {"refused": str(error)}
    return render(request, "operator/history.html", context | {"form": question})


def answer(question: Question) -> dict[str, Any]:
    since, length = question.window()
    scope = Scope(zone=question.cleaned_data["zone"])
    if question.cleaned_data["ask"] == "rule":
        rules = [USUAL, question.rule()]
        outcomes: Sequence[Outcome] = questions.rules(since, since + length, rules, scope=scope, most=MOST)
        return {"outcomes": outcomes, "since": since, "until": since + length}
    windows = questions.hours(since, length=length, scope=scope, most=MOST)
    return {"windows": windows, "drawing": curves(windows)}


def curves(windows: Sequence[Window]) -> Drawing:
    """Orders placed along the windows, one line each."""
    names = [f"{timezone.localtime(one.since):%a %d %b}" for one in windows]
    series = [Series(name, list(enumerate(map(float, one.curve)))) for name, one in zip(names, windows, strict=True)]
    step = (windows[0].until - windows[0].since) / STEPS
    times = [f"{timezone.localtime(windows[0].since + place * step):%H:%M}" for place in range(STEPS)]
    labels = [(float(place), times[place]) for place in range(0, STEPS, 4)]
    rows = [(times[place], [str(one.curve[place]) for one in windows]) for place in range(STEPS)]
    return Drawing("Orders placed", draw(series, labels=labels), names, rows)
