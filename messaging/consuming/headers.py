"""A record's headers, left as bytes until somebody asks, and the event's attributes read from them.

Nine tenths of kafka-python's time for a record go into its ten headers, number by number. Those that our relay has
written stand in one known order, so one regular expression reads them; and since nearly all records of a topic have
headers of a few dozen *shapes* (the same lengths in the same order), the places are remembered, and the next record of
a shape is taken apart by a single `struct` call. What is not variable is compared whole: where one byte of it differs,
the shape does not apply and the headers are read the long way.
"""

from __future__ import annotations

import re
import struct
import uuid
from collections.abc import Iterator
from datetime import datetime

import msgspec

from messaging import wire
from messaging.envelope import Context, read_context


def _layout() -> re.Pattern[bytes]:
    """Each value of up to 63 bytes, with the one byte before it that holds its length."""

    def text(name: bytes) -> bytes:
        return re.escape(name) + rb"([\x02-\x7e])(.{1,63}?)"

    return re.compile(
        re.escape(wire.BEFORE_ID)
        + rb"(.{36})"
        + text(wire.TYPE)
        + text(wire.BEFORE_SUBJECT)
        + text(wire.TIME)
        + text(wire.RECORDED)
        + re.escape(wire.CONTENT)
        + rb"(?:"
        + re.escape(wire.SEQUENCE)
        + rb"([\x02-\x7e])([0-9]{1,19}))?(?:"
        + text(wire.TRACE)
        + rb")?",
        re.DOTALL,
    )


_LAYOUT = _layout()
#: The groups of `_LAYOUT` that hold values; the others hold their lengths.
_ID, _SEQUENCE, _TRACE = 1, 11, 13
_VALUES = (_ID, 3, 5, 7, 9, _SEQUENCE, _TRACE)
#: Where the length of the type stands: it tells apart most shapes of one total length.
_TYPE_SIZE = len(wire.BEFORE_ID) + 36 + len(wire.TYPE)
#: Shapes that are remembered; real topics have a few dozen.
_SHAPES = 1000
#: What the tables can hold.
MAX_SEQUENCE = 2**63 - 1


class Shape(msgspec.Struct, frozen=True, gc=False):
    """Where the values stand in headers of certain lengths: `parts` gives what is fixed and what varies by turns."""

    parts: struct.Struct
    fixed: tuple[bytes, ...]
    sequenced: bool
    traced: bool


_shapes: dict[tuple[int, int], Shape] = {}
_types: dict[bytes, str] = {}


class RawHeaders(msgspec.Struct, gc=False):
    """A record's `number` headers as they stand in its batch; iterating gives (name, value) pairs."""

    raw: bytes
    number: int

    def context(self) -> Context:
        """The event's attributes.

        Raises:
            InvalidEvent: as `messaging.envelope.read_context`.
        """
        return known_layout(self.raw) or read_context(self)

    def __len__(self) -> int:
        return self.number

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        at = 0
        for _ in range(self.number):
            size, at = read_varint(self.raw, at)
            name = self.raw[at : at + size].decode("utf-8", "replace")
            at += size
            size, at = read_varint(self.raw, at)
            yield name, self.raw[at : at + max(0, size)]
            at += max(0, size)


def known_layout(raw: bytes) -> Context | None:
    """The attributes where the headers are exactly those that our relay writes, in its order, and can be stored."""
    size = len(raw)
    shape = _shapes.get((size, raw[_TYPE_SIZE])) if size > _TYPE_SIZE else None
    if shape is not None:
        parts = shape.parts.unpack(raw)
        if parts[::2] == shape.fixed:
            return _context(parts[1::2], shape)
    return _learn(raw)


def _learn(raw: bytes) -> Context | None:
    """Read headers by the regular expression, and remember their shape."""
    found = _LAYOUT.fullmatch(raw)
    if found is None:
        return None
    spans = [found.span(group) for group in _VALUES if found[group] is not None]
    if any(raw[first - 1] != 2 * (last - first) for first, last in spans):
        return None
    ends = [0, *(last for _, last in spans)]
    fixed = [raw[end:first] for end, (first, _) in zip(ends, spans, strict=False)]
    sizes = [last - first for first, last in spans]
    pattern = "".join(f"{len(between)}s{size}s" for between, size in zip(fixed, sizes, strict=True))
    if ends[-1] < len(raw):
        fixed.append(raw[ends[-1] :])
        pattern += f"{len(fixed[-1])}s"
    shape = Shape(struct.Struct(pattern), tuple(fixed), found[_SEQUENCE] is not None, found[_TRACE] is not None)
    if len(_shapes) >= _SHAPES:
        _shapes.clear()
    _shapes[len(raw), raw[_TYPE_SIZE]] = shape
    return _context(tuple(found[group] for group in _VALUES if found[group] is not None), shape)


def _context(values: tuple[bytes, ...], shape: Shape) -> Context | None:
    """The attributes, or None where they are not plainly right: the long way says what is wrong with them."""
    try:
        key = values[2].decode()
        sequence = None
        if shape.sequenced:
            if not values[5].isdigit():
                return None
            sequence = int(values[5])
            if not 0 < sequence <= MAX_SEQUENCE:
                return None
        if "\x00" in key:
            return None
        return Context(
            _uuid(values[0].decode()),
            _types.get(values[1]) or _type(values[1]),
            key,
            sequence,
            datetime.fromisoformat(values[3].decode()),
            datetime.fromisoformat(values[4].decode()),
            values[-1].decode() if shape.traced else "",
        )
    except ValueError:
        return None


def _type(raw: bytes) -> str:
    """One string for all events of a type, as long as there are not suspiciously many types."""
    text = raw.decode()
    if len(_types) < _SHAPES:
        _types[raw] = text
    return text


_new, _safe = object.__new__, uuid.SafeUUID.unknown
# The class forbids assignment; its slots do not.
_set_int, _set_safe = uuid.UUID.__dict__["int"].__set__, uuid.UUID.__dict__["is_safe"].__set__


def _uuid(text: str) -> uuid.UUID:
    """`uuid.UUID(text)` for the usual form, at a third of its time."""
    digits = text.replace("-", "")
    if len(digits) != 32:
        raise ValueError
    made = _new(uuid.UUID)
    _set_int(made, int(digits, 16))
    _set_safe(made, _safe)
    return made


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """A zigzag number and where it ends."""
    byte = data[at]
    at += 1
    if byte < 0x80:
        return (byte >> 1) ^ -(byte & 1), at
    value, shift = byte & 0x7F, 7
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1), at
        shift += 7
