"""GET /live/map/: where couriers move, and that something changed, once a second, for operators' maps."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse

from accounts.models import Role

from .radio import Seat, Sighting, radio
from .sightings import sightings
from .viewers import Viewer, identify
from .views import HEARTBEAT, LONGEST

#: Wall seconds between two messages, at least.
PACE = 1.0


async def live_map(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """`places`: [courier, latitude, longitude] of those that moved. `changed`: an order or a courier did."""
    viewer = await identify(request)
    if viewer is None:
        return JsonResponse({"code": "not_signed_in", "message": "Sign in, or send a bearer token."}, status=401)
    if viewer.role != Role.OPERATOR:
        return JsonResponse({"code": "forbidden", "message": "The map of all couriers is an operator's."}, status=403)
    response = StreamingHttpResponse(_stream(viewer), content_type="text/event-stream")
    response["Cache-Control"] = "no-cache"
    response["X-Accel-Buffering"] = "no"
    return response


async def _stream(viewer: Viewer) -> AsyncIterator[bytes]:
    with radio.tune_in(viewer) as seat, sightings.watch():
        yield b"retry: 1000\n\n"
        count, told_at = 0, time.monotonic()
        ends_at = told_at + LONGEST
        while time.monotonic() < ends_at:
            changed = await _heard(seat)
            count, moved = sightings.since(count)
            if changed:
                yield b"event: changed\ndata: {}\n\n"
            if moved:
                yield f"event: places\ndata: {json.dumps(moved, separators=(',', ':'))}\n\n".encode()
            if changed or moved:
                told_at = time.monotonic()
            elif time.monotonic() - told_at > HEARTBEAT:
                told_at = time.monotonic()
                yield b": still here\n\n"


async def _heard(seat: Seat) -> bool:
    """Listen for a moment; whether anything but a customer's sighting was heard."""
    heard = False
    try:
        async with asyncio.timeout(PACE):
            while True:
                heard = not isinstance(await seat.next(), Sighting) or heard
    except TimeoutError:
        return heard
