"""What the demo's receiver took: each sees their own, operators see all. Outside a demo there are no such pages."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from accounts.access import account
from accounts.asked import by_htmx
from notifications.received import ReceiverAway, mail_of, mails_for, pushes_for

#: For a mail in its frame: it may be styled, and nothing else. `sandbox` holds where it is opened alone, too.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; form-action 'none';"
    " sandbox allow-popups allow-popups-to-escape-sandbox"
)


@require_GET
@login_required
def mails(request: HttpRequest) -> HttpResponse:
    user = account(request)
    words = request.GET.get("words", "")[:100]
    context: dict[str, Any] = {"words": words, "mails": [], "pushes": []}
    try:
        context["mails"] = mails_for(user, words=words, before=request.GET.get("before", ""))
        context["pushes"] = pushes_for(user)
    except ReceiverAway as error:
        context["trouble"] = str(error)
    template = "notifications/_mails.html" if by_htmx(request) else "notifications/mails.html"
    return render(request, template, context)


@require_GET
@login_required
def one(request: HttpRequest, number: int) -> HttpResponse:
    found = mail_of(account(request), number)
    if found is None:
        raise Http404("There is no such mail.")
    return render(request, "notifications/mail.html", {"mail": found})


@require_GET
@login_required
@xframe_options_sameorigin
def html(request: HttpRequest, number: int) -> HttpResponse:
    """A mail's HTML for a sandboxed frame: whatever it holds, it runs no script and loads nothing."""
    found = mail_of(account(request), number)
    if found is None or not found["html"]:
        raise Http404("There is no such mail, or it has no HTML.")
    # Links open beside the frame: in it, this site's own pages refuse to be shown.
    response = HttpResponse(found["html"].replace("<head>", '<head><base target="_blank">', 1))
    response["Content-Security-Policy"] = POLICY
    return response
