"""How a page was asked for."""

from __future__ import annotations

from django.http import HttpRequest


def by_htmx(request: HttpRequest) -> bool:
    """Whether htmx asks, for a piece of the page; `HtmxMiddleware` says so."""
    return bool(request.htmx)  # type: ignore[attr-defined]


def page_number(request: HttpRequest) -> int:
    """The page of a list that `page` in the address names, from 1; the first where it names none."""
    text = request.GET.get("page", "")
    return max(1, int(text)) if text.isdecimal() and len(text) < 7 else 1
