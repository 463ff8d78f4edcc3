"""Which device an order comes from: an app says so in a header, a browser by a cookie that means nothing else."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.http import HttpRequest
from django.http.response import HttpResponseBase

P = ParamSpec("P")
Page = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

HEADER, COOKIE = "X-Device", "forkroad_device"
#: Seconds that a browser is known again.
KEPT = 400 * 24 * 3600

_NAME = re.compile(r"[A-Za-z0-9_-]{8,64}")


def device_of(request: HttpRequest) -> str:
    """What the device calls itself, or "" where it says nothing that could be a name."""
    told = request.headers.get(HEADER) or request.COOKIES.get(COOKIE, "")
    return told if _NAME.fullmatch(told) else ""


def remembers_device(view: Page[P]) -> Page[P]:
    """Give a browser that has none a random name, for fraud prevention alone: kept from scripts and other sites."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        answer = view(request, *args, **kwargs)
        if not device_of(request):
            answer.set_cookie(
                COOKIE,
                secrets.token_urlsafe(18),
                max_age=KEPT,
                httponly=True,
                secure=request.is_secure(),
                samesite="Lax",
            )
        return answer

    return cast("Page[P]", wrapper)
