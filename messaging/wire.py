"""Pieces of Kafka's record format, version 2, and of the headers that every event has in it (in this order).

Shared by the relay, which puts records together, and the consumer runtime, which takes them apart: see "Record Batch"
in the Kafka protocol guide.
"""

from __future__ import annotations


def _varint(value: int) -> bytes:
    """Zigzag and base 128, as in Protocol Buffers; for lengths and deltas, which are never negative."""
    value <<= 1
    out = bytearray()
    while value > 0x7F:
        out.append(0x80 | (value & 0x7F))
        value >>= 7
    out.append(value)
    return bytes(out)


VARINTS = [_varint(value) for value in range(8192)]


def varint(value: int) -> bytes:
    """A length or delta; not negative."""
    return VARINTS[value] if value < 8192 else _varint(value)


def name(text: str) -> bytes:
    """A header's name."""
    return varint(len(text)) + text.encode()


def fixed(text: str, value: bytes) -> bytes:
    """A header, name and value."""
    return name(text) + varint(len(value)) + value


BEFORE_ID = fixed("ce_specversion", b"1.0") + name("ce_id") + varint(36)
TYPE = name("ce_type")
BEFORE_SUBJECT = fixed("ce_source", b"/forkroad") + name("ce_subject")
TIME, RECORDED = name("ce_time"), name("ce_recordedat")
CONTENT = fixed("content-type", b"application/json")
SEQUENCE, TRACE = name("ce_sequence"), name("traceparent")
