"""The load of `benchmarks.positions`: a connection a courier, kept open, a report a second on each; and watchers.

Bare asyncio protocols: an HTTP client library would take more of the processor than the server under test.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from dataclasses import dataclass, field

from benchmarks.positions_city import PLACE, City

#: Seconds over which the couriers' connections are made and their tokens first looked up.
RAMP = 12.0


@dataclass
class Seen:
    """What the load saw. Times in milliseconds; `late` counts reports that were due while the last was unanswered."""

    sent: int = 0
    answered: int = 0
    refused: int = 0
    late: int = 0
    answers: list[float] = field(default_factory=list)
    sightings: list[float] = field(default_factory=list)


def report(token: str, place: tuple[float, float]) -> bytes:
    """One report as the phone sends it, bytes on the wire."""
    body = json.dumps({"positions": [{"latitude": round(place[0], 6), "longitude": round(place[1], 6)}]}).encode()
    head = (
        "POST /api/courier/positions HTTP/1.1\r\nhost: 127.0.0.1\r\n"
        f"authorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Phone(asyncio.Protocol):
    """A courier's connection: one report at a time."""

    def __init__(self, token: str, seen: Seen, *, counting: asyncio.Event) -> None:
        self.token, self.seen, self.counting = token, seen, counting
        self.sent_at = 0.0
        self.waiting = False
        self.answered: asyncio.Event | None = None
        self.transport: asyncio.Transport | None = None
        self.step = random.random() / 1e4

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def send(self) -> None:
        if self.waiting:
            self.seen.late += self.counting.is_set()
            return
        if self.transport is None or self.transport.is_closing():
            self.seen.refused += 1
            return
        self.step += 1e-5
        self.waiting, self.sent_at = True, time.time()
        self.seen.sent += self.counting.is_set()
        self.transport.write(report(self.token, (PLACE[0] + self.step, PLACE[1])))

    def data_received(self, data: bytes) -> None:
        self.waiting = False
        if self.counting.is_set():
            good = data.startswith(b"HTTP/1.1 204")
            self.seen.answered += good
            self.seen.refused += not good
            self.seen.answers.append((time.time() - self.sent_at) * 1000)
        if self.answered is not None:
            self.answered.set()


class Watcher(asyncio.Protocol):
    """A customer's event stream: how long ago their courier's phone sent what arrives."""

    def __init__(self, token: str, phone: Phone, seen: Seen) -> None:
        self.token, self.phone, self.seen = token, phone, seen

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(
            f"GET /live/ HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {self.token}\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        if self.phone.counting.is_set() and b"event: position" in data:
            self.seen.sightings.append((time.time() - self.phone.sent_at) * 1000)


async def ride(city: City, *, port: int, seconds: float) -> Seen:
    """All couriers report once a second for `seconds`, after a ramp that is not counted."""
    loop, seen, counting = asyncio.get_running_loop(), Seen(), asyncio.Event()
    phones: list[Phone] = []
    for place, token in enumerate(city.couriers):
        _, phone = await loop.create_connection(
            lambda token=token: Phone(token, seen, counting=counting),  # type: ignore[misc]
            "127.0.0.1",
            port,
        )
        phones.append(phone)
        if place in city.watchers:
            watcher = city.watchers[place][0]
            await loop.create_connection(
                lambda watcher=watcher, phone=phone: Watcher(watcher, phone, seen),  # type: ignore[misc]
                "127.0.0.1",
                port,
            )
    began = time.monotonic()
    tick = 0
    ends = began + RAMP + seconds
    slots = [phones[n::100] for n in range(100)]
    while time.monotonic() < ends:
        # A hundredth of the couriers each hundredth of a second: phones do not report in step.
        ramp = min(1.0, (time.monotonic() - began) / (RAMP * 0.7))
        slot = slots[tick % 100]
        for phone in slot[: max(1, int(len(slot) * ramp))]:
            phone.send()
        if time.monotonic() - began > RAMP:
            counting.set()
        tick += 1
        if (pause := began + tick / 100 - time.monotonic()) > 0:
            await asyncio.sleep(pause)
    counting.clear()
    for phone in phones:
        if phone.transport is not None:
            phone.transport.close()
    return seen


async def saturate(city: City, *, port: int, seconds: float, connections: int = 32) -> float:
    """Reports a second that a server takes, each connection sending its next as soon as the last is answered."""
    loop, seen, counting = asyncio.get_running_loop(), Seen(), asyncio.Event()
    counting.set()

    async def press(token: str) -> None:
        _, phone = await loop.create_connection(lambda: Phone(token, seen, counting=counting), "127.0.0.1", port)
        phone.answered = asyncio.Event()
        while time.monotonic() < ends:
            phone.answered.clear()
            phone.send()
            await phone.answered.wait()
        if phone.transport is not None:
            phone.transport.close()

    ends = time.monotonic() + 2
    await asyncio.gather(*(press(token) for token in city.couriers[:connections]))
    seen.answered, ends, began = 0, time.monotonic() + seconds, time.monotonic()
    await asyncio.gather(*(press(token) for token in city.couriers[:connections]))
    return seen.answered / (time.monotonic() - began)
