"""The contract of events: recorded examples stay readable, and every bad record is named for what it is."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.core.management import call_command

from messaging.catalogue import load_event_types
from messaging.envelope import InvalidEvent, decode, encode_data, encode_headers, registered_types

GOLDEN = Path(__file__).parent / "golden"
#: Topics of records without a sequence.
STREAM_TRAFFIC = {"couriers.positions", "behaviour.events", "pricing.ticks", "notices.events"}


def golden(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text())
    return document


def raw_headers(document: dict[str, Any]) -> list[tuple[str, bytes]]:
    return [(name, text.encode()) for name, text in document["headers"].items()]


def as_of_old(read: Any, old: Any) -> Any:
    """What was read, without the fields that came later, at any depth."""
    if isinstance(old, dict):
        return {field: as_of_old(read[field], value) for field, value in old.items()}
    if isinstance(old, list) and len(old) == len(read):
        return [as_of_old(*pair) for pair in zip(read, old, strict=True)]
    return read


@pytest.mark.parametrize("name", sorted(path.stem for path in GOLDEN.glob("*.json")))
def test_an_old_record_is_still_read(name: str) -> None:
    load_event_types()
    document = golden(name)

    envelope = decode(raw_headers(document), json.dumps(document["value"]).encode(), topic=document["topic"])

    assert envelope is not None
    assert type(envelope.data) is registered_types()[name]
    assert (envelope.type, envelope.key) == (name, document["headers"]["ce_subject"])
    # Stream traffic has none.
    told = document["headers"].get("ce_sequence")
    assert envelope.sequence == (None if told is None else int(told))
    assert (envelope.sequence is None) == (document["topic"] in STREAM_TRAFFIC)
    # Every field of the old record is still there, with the value it was written with.
    read = json.loads(encode_data(envelope.data))
    assert as_of_old(read, document["value"]) == document["value"]


def test_every_event_type_has_a_recorded_example() -> None:
    load_event_types()
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(registered_types())


def test_what_is_written_is_what_is_read() -> None:
    document = golden("order.placed")
    event = msgspec.convert(document["value"], registered_types()["order.placed"])
    at = datetime(2026, 1, 2, 18, 5, tzinfo=UTC)
    event_id = uuid.uuid4()

    headers = encode_headers(
        event_id=event_id, type=event.type, key="k", sequence=4, time=at, recorded_at=at, traceparent="00-a-b-01"
    )
    envelope = decode(headers, encode_data(event), topic="t", partition=2, offset=9)

    assert envelope is not None
    assert envelope.data == event
    assert (envelope.id, envelope.key, envelope.sequence, envelope.time) == (event_id, "k", 4, at)
    assert (envelope.topic, envelope.partition, envelope.offset, envelope.traceparent) == ("t", 2, 9, "00-a-b-01")


def test_a_newer_writers_field_is_ignored() -> None:
    document = golden("order.ready")
    value = json.dumps({**document["value"], "colour_of_the_bag": "green"}).encode()

    envelope = decode(raw_headers(document), value)

    assert envelope is not None
    assert not hasattr(envelope.data, "colour_of_the_bag")


def test_an_unknown_type_is_no_error() -> None:
    document = golden("order.ready")
    document["headers"]["ce_type"] = "order.teleported"

    assert decode(raw_headers(document), b"{}") is None


@pytest.mark.parametrize(
    ("headers", "value"),
    [
        pytest.param({}, b"{not json", id="not json"),
        pytest.param({}, None, id="no value"),
        pytest.param({}, b"{}", id="missing field"),
        pytest.param({}, b'{"order_id": 5}', id="wrong type"),
        pytest.param({}, b"\xff\xfe", id="not utf-8"),
        pytest.param({"ce_id": None}, None, id="no id"),
        pytest.param({"ce_id": "7"}, None, id="id that is none"),
        pytest.param({"ce_time": "yesterday"}, None, id="time that is none"),
        pytest.param({"ce_sequence": "first"}, None, id="sequence that is none"),
        pytest.param({"ce_type": None}, None, id="no type"),
        pytest.param({"ce_subject": None}, None, id="no key"),
    ],
)
def test_a_malformed_record_is_refused(headers: dict[str, str | None], value: bytes | None) -> None:
    document = golden("order.ready")
    merged = {**document["headers"], **headers}
    raw = [(name, text.encode()) for name, text in merged.items() if text is not None]
    body = value if value is not None or not headers else json.dumps(document["value"]).encode()

    with pytest.raises(InvalidEvent):
        decode(raw, body)


def test_no_event_carries_a_persons_data() -> None:
    """But for where a courier is, by number: in a topic that keeps the latest alone, and that for a day."""
    forbidden = {"email", "phone", "address", "first_name", "last_name", "username", "latitude", "longitude", "card"}

    carried = {
        f"{name}.{field.name}"
        for name, cls in registered_types().items()
        for field in msgspec.structs.fields(cls)
        if field.name in forbidden
    }

    assert carried == {"courier.moved.latitude", "courier.moved.longitude"}


def test_the_catalogue_is_up_to_date() -> None:
    call_command("events", check=True)
