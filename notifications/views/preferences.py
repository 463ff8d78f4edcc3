"""Who hears what where; and leaving by a link in an e-mail, without signing in."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.access import account
from notifications.models import Device
from notifications.preferences import choices_of, choose
from notifications.unsubscribing import read_token, unsubscribe
from notifications.vapid import public_key


@require_http_methods(["GET", "POST"])
@login_required
def preferences(request: HttpRequest) -> HttpResponse:
    user = account(request)
    if request.method == "POST":
        changed = choose(user, wanted=set(request.POST))
        messages.success(request, "Saved." if changed else "Nothing was changed.")
        return redirect("notifications:preferences")
    context = {
        "kinds": choices_of(user),
        "devices": Device.objects.filter(user=user).order_by("pk"),
        "public_key": public_key(),
        "receiver": settings.RECEIVER_URL,
    }
    return render(request, "notifications/preferences.html", context)


# A mailbox posts here by itself (RFC 8058), with no cookie of ours: the signed address is what lets it.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def unsubscribe_page(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks, because programs follow links; POST does it."""
    leave = read_token(token)
    if leave is None:
        raise Http404("This link is not one of ours, or it was cut short.")
    everything = request.POST.get("scope") == "everything"
    if request.method == "POST":
        unsubscribe(leave, everything=everything)
    context = {"leave": leave, "done": request.method == "POST", "everything": everything}
    return render(request, "notifications/unsubscribe.html", context)
