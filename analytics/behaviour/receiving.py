"""What a browser reports of browsing, checked and sent to Kafka."""

from __future__ import annotations

from typing import Annotated

import msgspec

from messaging import stream

from .events import BrowsingEvent, MenuSeen, PutIn, Searched, TakenOut

#: Events of one report, and its bytes.
MOST, LARGEST = 50, 16 * 1024

Slug = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]*$", max_length=60)]
Number = Annotated[int, msgspec.Meta(ge=1, lt=2**31)]


class _Seen(msgspec.Struct, tag="menu_seen", tag_field="type"):
    restaurant: Number
    zone: Slug = ""

    def event(self, visitor: str) -> BrowsingEvent:
        return MenuSeen(visitor=visitor, restaurant_id=self.restaurant, zone=self.zone)


class _Searched(msgspec.Struct, tag="searched", tag_field="type"):
    found: Annotated[int, msgspec.Meta(ge=0, lt=10_000)]
    zone: Slug = ""
    cuisine: Slug = ""

    def event(self, visitor: str) -> BrowsingEvent:
        return Searched(visitor=visitor, found=self.found, zone=self.zone, cuisine=self.cuisine)


class _PutIn(msgspec.Struct, tag="put_in", tag_field="type"):
    restaurant: Number
    item: Number
    zone: Slug = ""
    quantity: Annotated[int, msgspec.Meta(ge=1, le=100)] = 1

    def event(self, visitor: str) -> BrowsingEvent:
        return PutIn(
            visitor=visitor,
            restaurant_id=self.restaurant,
            zone=self.zone,
            item_id=self.item,
            quantity=self.quantity,
        )


class _TakenOut(msgspec.Struct, tag="taken_out", tag_field="type"):
    restaurant: Number
    item: Number
    zone: Slug = ""

    def event(self, visitor: str) -> BrowsingEvent:
        return TakenOut(visitor=visitor, restaurant_id=self.restaurant, zone=self.zone, item_id=self.item)


class Report(msgspec.Struct):
    """`visitor` is a random token that the browser makes, 32 hexadecimal digits."""

    visitor: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}$")]
    events: Annotated[list[_Seen | _Searched | _PutIn | _TakenOut], msgspec.Meta(max_length=MOST)]


_decoder = msgspec.json.Decoder(Report)


def receive(body: bytes) -> int:
    """Send what a report tells; how many events that were. Lossy, as all stream traffic.

    Raises:
        ValueError: it is no report.
    """
    try:
        report = _decoder.decode(body)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error
    for told in report.events:
        stream.emit(told.event(report.visitor), key=report.visitor)
    return len(report.events)
