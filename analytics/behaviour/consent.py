"""A visitor's choice whether browsing is counted. Nothing is counted before one is made."""

from __future__ import annotations

from typing import Literal

from django.http import HttpRequest

from accounts.models import Role, User

COOKIE = "forkroad_browsing"
#: Seconds that a choice is remembered.
KEPT = 180 * 24 * 3600

#: "ask": none is made yet. "off": nobody is asked, because the browser has said no, or because it is a worker's page.
Choice = Literal["yes", "no", "ask", "off"]


def choice_of(request: HttpRequest) -> Choice:
    """Do Not Track and Global Privacy Control are a no that no banner may overrule."""
    if request.headers.get("DNT") == "1" or request.headers.get("Sec-GPC") == "1":
        return "off"
    user = getattr(request, "user", None)
    if isinstance(user, User) and user.role != Role.CUSTOMER:
        return "off"
    return allowed(request.COOKIES.get(COOKIE, ""))


def allowed(cookie: str) -> Choice:
    return "yes" if cookie == "yes" else "no" if cookie == "no" else "ask"
