"""The inbox's page, its count, and marking as read."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from accounts.access import account
from accounts.asked import by_htmx
from notifications.inbox import mark_read, notices_of, page_of, unread
from notifications.words import link_of


@require_GET
@vary_on_headers("HX-Request")
@login_required
def inbox(request: HttpRequest) -> HttpResponse:
    asked = request.GET.get("before", "")
    before = int(asked) if asked.isdecimal() and len(asked) < 19 else None
    notices, older = page_of(account(request).pk, before=before)
    template = "notifications/_inbox.html" if by_htmx(request) else "notifications/inbox.html"
    return render(
        request, template, {"notices": notices, "older": older, "before": before, "receiver": settings.RECEIVER_URL}
    )


@require_GET
@never_cache
def unread_count(request: HttpRequest) -> HttpResponse:
    """The count for the head of a page; nothing for strangers, whose session may have ended meanwhile."""
    count = unread(account(request).pk) if request.user.is_authenticated else 0
    return render(request, "notifications/_unread.html", {"unread": count})


@require_POST
@login_required
def read_all(request: HttpRequest) -> HttpResponse:
    mark_read(account(request).pk)
    return redirect("notifications:inbox")


@require_POST
@login_required
def open_notice(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark one as read and go to what it is about."""
    if pk >= 2**63:
        raise Http404
    user = account(request).pk
    notice = get_object_or_404(notices_of(user), pk=pk)
    mark_read(user, only=pk)
    return redirect(link_of(notice) or "notifications:inbox")
