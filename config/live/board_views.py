"""GET /live/board/: the dashboard as server-sent events, for operators."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse

from accounts.models import Role
from analytics.dashboard.scope import Scope
from config.operator.board import scope_of

from .board import board
from .viewers import identify
from .views import HEARTBEAT, LONGEST


async def live_board(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """Pieces of the page as they change; `?zone=` and `?restaurant=` narrow it as they do the page."""
    viewer = await identify(request)
    if viewer is None:
        return JsonResponse({"code": "not_signed_in", "message": "Sign in, or send a bearer token."}, status=401)
    if viewer.role != Role.OPERATOR:
        return JsonResponse({"code": "forbidden", "message": "The dashboard is an operator's."}, status=403)
    scope = scope_of(request.GET.get("zone", ""), request.GET.get("restaurant", ""))
    response = StreamingHttpResponse(_pieces(scope), content_type="text/event-stream")
    response["Cache-Control"] = "no-cache"
    response["X-Accel-Buffering"] = "no"
    return response


async def _pieces(scope: Scope) -> AsyncIterator[bytes]:
    with board.watch(scope) as chair:
        yield b"retry: 1000\n\n"
        ends_at = time.monotonic() + LONGEST
        while time.monotonic() < ends_at:
            try:
                async with asyncio.timeout(HEARTBEAT):
                    text = await chair.next()
            except TimeoutError:
                text = b": still here\n\n"
            yield text
