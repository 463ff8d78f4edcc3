"""Signing in with one click, where a demo allows it."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from .models import User


@require_POST
def demo_sign_in(request: HttpRequest) -> HttpResponse:
    """Become a demo account; outside a demo this page does not exist."""
    if not settings.DEMO:
        raise Http404("One-click sign-in belongs to the demo (FORKROAD_DEMO=1).")
    user = get_object_or_404(User, username=request.POST.get("username", ""), is_active=True)
    login(request, user)
    return redirect("home")
