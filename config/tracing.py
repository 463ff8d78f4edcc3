"""A span for each request that may change something; who only looks causes nothing that could be followed."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware
from opentelemetry.trace import Span, SpanKind

from messaging import tracing

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
#: A part of a route that stands for a value, with the name of its converter.
CONVERTER = re.compile(r"<(?:[^:>]+:)?([^>]+)>")


@sync_and_async_middleware
def trace_requests(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Continues the trace that the request's own `traceparent` names."""
    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponseBase:
            if request.method in SAFE:
                return await _awaitable(get_response(request))
            with tracing.continued(_sent(request), request.method or "", kind=SpanKind.SERVER) as span:
                return _note(span, request, await _awaitable(get_response(request)))

        return answer_async

    def answer(request: HttpRequest) -> HttpResponseBase:
        if request.method in SAFE:
            response: HttpResponseBase = get_response(request)
            return response
        with tracing.continued(_sent(request), request.method or "", kind=SpanKind.SERVER) as span:
            return _note(span, request, get_response(request))

    return answer


def _sent(request: HttpRequest) -> str:
    return request.headers.get("traceparent", "")


def _awaitable(response: Any) -> Awaitable[HttpResponseBase]:
    return response  # type: ignore[no-any-return]


def _note(span: Span, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if span.is_recording():
        # The pattern, not the address: one name for all orders, and nothing that a visitor wrote.
        route = request.resolver_match.route if request.resolver_match else "unknown"
        name = CONVERTER.sub(r"{\1}", route)
        span.update_name(f"{request.method} /{name}")
        span.set_attribute("http.response.status_code", response.status_code)
        if response.status_code >= 500:
            tracing.failed(span, f"answered with {response.status_code}")
    return response
