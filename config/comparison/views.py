"""The pages: what a run showed, and which road to take."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRefresh

from accounts.access import for_role
from accounts.asked import by_htmx
from accounts.models import Role
from messaging.comparison import keeping

from . import choosing, drawing
from .costs import costs
from .playing import ALL, EXTRA, names
from .troubles import TROUBLES


@require_GET
@vary_on_headers("HX-Request")
def compare(request: HttpRequest) -> HttpResponse:
    """The page; for htmx how far the open run has come, and when it has ended the whole page anew."""
    run = keeping.open_run()
    if by_htmx(request):
        return render(request, "comparison/_run.html", {"run": run}) if run else HttpResponseClientRefresh()
    found = keeping.latest()
    context = {
        "run": run,
        "rows": [(one, found.get(one.name)) for one in (*ALL, *EXTRA) if one in ALL or one.name in found],
        "shown": sum(result["shown"] for result in found.values()),
        "played": len(found),
        "who": drawing.who_got_what(found["who"]["drawing"]) if "who" in found else None,
        "scale": drawing.scaling(found["scale"]["drawing"]) if "scale" in found else None,
        "may_run": getattr(request.user, "is_operator", False),
    }
    return render(request, "comparison/compare.html", context)


@for_role(Role.OPERATOR)
@require_POST
def run_again(request: HttpRequest) -> HttpResponse:
    try:
        keeping.ask(names())
    except keeping.AlreadyOpen as error:
        messages.info(request, f"Nothing was started: {error}.")
    return redirect("compare")


@require_GET
def choose(request: HttpRequest) -> HttpResponse:
    answers = choosing.read(request.GET)
    context = {
        "questions": [(question, answers.get(question.name)) for question in choosing.QUESTIONS],
        "advice": choosing.advise(answers) if len(answers) == len(choosing.QUESTIONS) else None,
        "asked": bool(answers),
        "costs": costs(),
        "troubles": TROUBLES,
    }
    return render(request, "comparison/choose.html", context)
