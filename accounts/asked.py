"""How a page was asked for."""

from __future__ import annotations

from django.http import HttpRequest


def by_htmx(request: HttpRequest) -> bool:
    """Whether htmx asks, for a piece of the page; `HtmxMiddleware` says so."""
    return bool(request.htmx)  # type: ignore[attr-defined]
