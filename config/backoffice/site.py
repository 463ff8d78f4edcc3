"""The admin's site: people come in through allauth, and the theme gets what it cannot do without."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from allauth.account.decorators import secure_admin_login
from csp.constants import UNSAFE_EVAL, UNSAFE_INLINE
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

if TYPE_CHECKING or settings.ADMIN_THEME != "unfold":
    Base = admin.AdminSite
else:
    from unfold.sites import UnfoldAdminSite as Base

THEMED: bool = settings.ADMIN_THEME == "unfold"

#: Alpine compiles what stands in its attributes, and sets `style` attributes of elements; nothing else is inline. Plain
#: needs neither. Scripts and style sheets still come from here alone.
THEME_POLICY = {"script-src": [UNSAFE_EVAL], "style-src-attr": [UNSAFE_INLINE]}

#: What other packages call their rooms, where ours has the same name or theirs says little.
NAMES = {"account": "E-mail", "auth": "Groups", "mfa": "Second factors", "admin": "Log"}

View = Callable[..., HttpResponseBase]


class BackofficeSite(Base):
    site_header = "Forkroad"
    site_title = "Forkroad admin"
    index_title = "Administration"
    empty_value_display = "–"

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        # Unfold would write its colours into an inline style; ours stand in `forkroad/admin.css`.
        return super().each_context(request) | {"colors": None, "themed": THEMED}

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        found: list[Any] = super().get_app_list(request, app_label)
        return [app | {"name": NAMES.get(app["app_label"], app["name"])} for app in found]

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        inner = super().admin_view(view, cacheable)
        return relaxed(inner) if THEMED else inner

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """allauth's page, with its limits and its second factor; whoever may not come in is told so."""
        answer: HttpResponse = secure_admin_login(lambda request: redirect("admin:index"))(request)
        return answer

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return redirect("account_change_password")


def relaxed(view: View) -> View:
    """The view, under a content-security policy that the theme can live with."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(*args, **kwargs)
        response._csp_update = THEME_POLICY  # type: ignore[attr-defined]  # what csp's own decorator sets
        return response

    return wrapper
