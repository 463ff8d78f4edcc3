"""Browsers that want push messages: the service worker, and adding or removing one."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_POST

from accounts.access import account
from notifications.devices import NotASubscription, add_device, browser_name, remove_device
from notifications.vapid import public_key

WORKER = Path(__file__).resolve().parent.parent / "static" / "notifications" / "worker.js"


@require_GET
@cache_control(no_cache=True)
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker, here and not among the static files: it works for addresses below its own."""
    return HttpResponse(WORKER.read_bytes(), content_type="text/javascript; charset=utf-8")


@require_POST
@login_required
def add(request: HttpRequest) -> JsonResponse:
    """Keep the subscription in the body, which is what the browser's `PushSubscription.toJSON()` gives."""
    try:
        sent = json.loads(request.body)
        if not isinstance(sent, dict):
            raise NotASubscription("The body is the browser's subscription as a JSON object.")
        device = add_device(account(request), sent, label=browser_name(request.headers.get("User-Agent", "")))
    except ValueError as error:
        return JsonResponse({"code": "not_a_subscription", "message": str(error)}, status=422)
    return JsonResponse({"device": device.pk}, status=201)


@require_POST
@login_required
def stand_in(request: HttpRequest) -> HttpResponse:
    """In a demo: subscribe at its own receiver, for a browser that has no way to a push service."""
    if not settings.RECEIVER_URL:
        raise Http404("There is no receiver here.")
    try:
        answer = httpx.post(f"{settings.RECEIVER_URL}/browsers", json={"key": public_key()}, timeout=5)
        add_device(account(request), answer.raise_for_status().json(), label="The demo's own receiver")
    except httpx.HTTPError as error:
        messages.error(request, f"The demo's receiver does not answer: {error}")
    else:
        messages.success(request, "Push messages for you are kept by the demo's receiver.")
    return redirect("notifications:preferences")


@require_POST
@login_required
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    if pk < 2**63 and remove_device(account(request), pk):
        messages.success(request, "This browser gets no more push messages.")
    return redirect("notifications:preferences")
