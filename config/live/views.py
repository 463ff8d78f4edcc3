"""GET /live/: server-sent events for whoever asks."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse

from delivery.events import CourierMoved
from messaging.envelope import Envelope
from notifications.events import NoticeGiven
from orders.payments.events import PaymentEvent

from .radio import Sighting, radio
from .viewers import Viewer, identify

#: Seconds (wall) between comments that keep proxies from closing a quiet stream.
HEARTBEAT = 15
#: Seconds (wall) after which the stream ends; the browser comes back and is identified anew.
LONGEST = 600


async def live(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    viewer = await identify(request)
    if viewer is None:
        return JsonResponse({"code": "not_signed_in", "message": "Sign in, or send a bearer token."}, status=401)
    response = StreamingHttpResponse(_stream(viewer), content_type="text/event-stream")
    response["Cache-Control"] = "no-cache"
    response["X-Accel-Buffering"] = "no"
    return response


async def _stream(viewer: Viewer) -> AsyncIterator[bytes]:
    # The seat is taken before hello is said, so that nothing falls between the page's refetch and its first event.
    with radio.tune_in(viewer) as seat:
        yield b"retry: 1000\n" + _word("hello")
        if radio.silent:
            yield _word("silence")
        await radio.learn(seat)
        ends_at = time.monotonic() + LONGEST
        while time.monotonic() < ends_at:
            try:
                async with asyncio.timeout(HEARTBEAT):
                    item = await seat.next()
            except TimeoutError:
                yield b": still here\n\n"
                continue
            if isinstance(item, str):
                yield _word(item)
                await radio.learn(seat)
            else:
                yield _sighting(item) if isinstance(item, Sighting) else _event(item)


def _word(name: str) -> bytes:
    return f"event: {name}\ndata: {{}}\n\n".encode()


def _event(event: Envelope) -> bytes:
    if isinstance(event.data, NoticeGiven):
        return _word("notice")
    if isinstance(event.data, PaymentEvent):
        # What it says stands on the pages that hear of it.
        return _word("money")
    of_order = event.topic.endswith("orders.events")
    data = event.data
    body = {
        "type": event.type,
        "order": event.key if of_order else None,
        "sequence": event.sequence,
        "status": getattr(data, "status", None),
        "courier": getattr(data, "courier_id", None),
        "restaurant": getattr(data, "restaurant_id", None),
        "zone": getattr(data, "zone", None),
    }
    name = "order" if of_order else "courier"
    text = json.dumps(body, separators=(",", ":"))
    return f"event: {name}\nid: {event.partition}:{event.offset}\ndata: {text}\n\n".encode()


def _sighting(seen: Sighting) -> bytes:
    """Five decimals are a metre; `heard` is when the server received it, in milliseconds of Unix time."""
    moved, heard = seen.moved.data, seen.moved.recorded_at or seen.moved.time
    assert isinstance(moved, CourierMoved)
    body = {
        "order": seen.order,
        "latitude": round(moved.latitude, 5),
        "longitude": round(moved.longitude, 5),
        "heard": int(heard.timestamp() * 1000),
    }
    return f"event: position\ndata: {json.dumps(body, separators=(',', ':'))}\n\n".encode()
