"""Signing in with one click, where a demo allows it; and leaving for good."""

from __future__ import annotations

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from .access import account, for_role
from .erasing import CannotErase, erase
from .models import Role, User


@require_POST
def demo_sign_in(request: HttpRequest) -> HttpResponse:
    """Become a demo account; outside a demo this page does not exist."""
    if not settings.DEMO:
        raise Http404("One-click sign-in belongs to the demo (FORKROAD_DEMO=1).")
    # PostgreSQL's text holds no NUL, and would call one an error of the statement.
    user = get_object_or_404(User, username=request.POST.get("username", "").replace("\0", ""), is_active=True)
    login(request, user)
    wanted = request.POST.get("next", "")
    # Somebody who was on the way to the checkout goes on there, and nobody is led to another site.
    inside = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return redirect(wanted if inside else "home")


@login_required
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """Where everything about one's own account begins."""
    return render(request, "accounts/overview.html", {"second_factor": is_mfa_enabled(account(request))})


@for_role(Role.CUSTOMER)
@require_http_methods(["GET", "POST"])
def erase_me(request: HttpRequest) -> HttpResponse:
    """Ask, and forget the person who typed their own login."""
    if request.method == "POST":
        user = account(request)
        if request.POST.get("username", "").strip() != user.username:
            messages.error(request, "Nothing was erased: that is not your login.")
            return redirect("erase-me")
        try:
            erase(user)
        except CannotErase as error:
            messages.error(request, f"Nothing was erased: {error}.")
            return redirect("erase-me")
        logout(request)
        messages.success(request, "Your data were erased.")
        return redirect("home")
    return render(request, "accounts/erase.html")
