"""The short way for couriers' positions: POST /api/courier/positions before Django.

Django spends about a millisecond on a request before a view begins, and 2,000 couriers send one a second each. A
report needs none of what that buys: it writes nothing, and who sends it is known from the second before. So the plain
case (a known bearer token, a well-formed body) is answered here; everything else, every error among it, is handed on
to the same address in Django, which alone decides what is wrong and says so.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Annotated, Any

import msgspec
from asgiref.sync import sync_to_async
from django.db import connection

from accounts.models import Role
from accounts.tokens import user_of_token
from delivery import positions
from delivery.models import Courier
from delivery.positions import Place

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]

PATH = "/api/courier/positions"
#: Seconds (wall) a token is believed without a look: so long a changed password or a closed account still reports.
TRUST = 60.0
#: Tokens remembered; more than one process meets.
REMEMBERED = 20_000
#: Bytes of a report with `positions.MOST` places, generously.
LARGEST = 8 * 1024


class _Place(msgspec.Struct):
    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=180)]


class _Report(msgspec.Struct):
    positions: Annotated[list[_Place], msgspec.Meta(min_length=1, max_length=positions.MOST)]


_decoder = msgspec.json.Decoder(_Report)


class Tokens:
    """Which courier a bearer token stands for, asked of the database once a minute."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, float]] = {}

    async def courier(self, token: str) -> int | None:
        """The courier's id; None where the token is no courier's, which is not remembered."""
        known = self._known.get(token)
        if known is not None and known[1] > time.monotonic():
            return known[0]
        found = await sync_to_async(_courier_of)(token)
        if found is None:
            self._known.pop(token, None)
            return None
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[token] = (found, time.monotonic() + TRUST)
        return found


def with_positions(django: App) -> App:
    """Django's application with the short way before it."""
    tokens = Tokens()

    async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            await django(scope, receive, send)
            return
        heard: list[Message] = []
        body = await _body(receive, heard)
        report = _read(body)
        token = _bearer(scope["headers"])
        courier = await tokens.courier(token) if report is not None and token else None
        if report is None or courier is None:
            await django(scope, _again(heard, receive), send)
            return
        positions.report(courier, [Place(each.latitude, each.longitude) for each in report.positions])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return application


async def _body(receive: Receive, heard: list[Message]) -> bytes:
    """The request's body, as far as a report can be long; `heard` gets the messages it came in."""
    parts: list[bytes] = []
    size = 0
    while size <= LARGEST:
        message = await receive()
        heard.append(message)
        if message["type"] != "http.request":
            return b""
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if not message.get("more_body"):
            return b"".join(parts)
    return b""


def _again(heard: list[Message], receive: Receive) -> Receive:
    """What was received, once more, and then what still comes."""
    waiting = iter(heard)

    async def repeated() -> Message:
        for message in waiting:
            return message
        return await receive()

    return repeated


def _read(body: bytes) -> _Report | None:
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _bearer(headers: Iterable[tuple[bytes, bytes]]) -> str:
    for name, value in headers:
        if name == b"authorization":
            scheme, _, token = value.partition(b" ")
            return token.decode("latin-1").strip() if scheme.lower() == b"bearer" else ""
    return ""


def _courier_of(token: str) -> int | None:
    try:
        user = user_of_token(token)
        if user is None or user.role != Role.COURIER:
            return None
        return Courier.objects.filter(user=user).values_list("pk", flat=True).first()
    finally:
        # This thread serves rarely: its connection would be one less for everybody else.
        connection.close()
