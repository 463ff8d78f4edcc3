"""The contract with every reader, written from the event classes themselves: Markdown and AsyncAPI 3.0."""

from __future__ import annotations

import inspect
from typing import Any

import msgspec
from django.utils.module_loading import autodiscover_modules

from .envelope import Event, Skipped, registered_types


def load_event_types() -> None:
    """Import every room's event classes, whatever this process has imported so far.

    A type that nobody has declared is passed over in silence, so a reader must not depend on who imported what.
    """
    autodiscover_modules("events", "restaurant_events")


def by_topic() -> dict[str, list[type[Event]]]:
    """Declared event classes of each topic in the order of their declaration, the topic with most of them first."""
    load_event_types()
    topics: dict[str, list[type[Event]]] = {}
    for cls in registered_types().values():
        if cls.topic:  # `stream.skipped` may stand in any topic and belongs to none.
            topics.setdefault(cls.topic, []).append(cls)
    return dict(sorted(topics.items(), key=lambda item: (-len(item[1]), item[0])))


def markdown() -> str:
    """A section per topic, with how long it is kept and who reads it, and a table per event: field, type, required."""
    parts: list[str] = []
    for topic, classes in by_topic().items():
        about = _first_line(inspect.getmodule(classes[0]))
        parts.append(f"## `{topic}`\n\n{about}\n\n{_kept_and_read(topic)}\n")
        for cls in classes:
            parts.append(f"### `{cls.type}`\n\n{_first_line(cls)}\n\n{_fields_table(cls)}")
    return "\n".join(parts)


def asyncapi() -> dict[str, Any]:
    """The same as an AsyncAPI 3.0 document, with each event's JSON Schema."""
    classes: list[type[Event]] = [cls for members in by_topic().values() for cls in members]
    classes.append(Skipped)
    _, schemas = msgspec.json.schema_components(classes, ref_template="#/components/schemas/{name}")
    messages = {
        cls.type: {
            "name": cls.type,
            "summary": _first_line(cls),
            "contentType": "application/json",
            "headers": {"$ref": "#/components/schemas/CloudEventsHeaders"},
            "payload": {"$ref": f"#/components/schemas/{cls.__name__}"},
        }
        for cls in classes
    }
    channels = {
        topic: {
            "address": topic,
            "messages": {cls.type: {"$ref": f"#/components/messages/{cls.type}"} for cls in members},
        }
        for topic, members in by_topic().items()
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Forkroad events", "version": "1.0.0", "description": "CloudEvents 1.0 in binary mode."},
        "defaultContentType": "application/json",
        "channels": channels,
        "components": {"messages": messages, "schemas": {"CloudEventsHeaders": _HEADERS, **schemas}},
    }


_HEADERS: dict[str, Any] = {
    "title": "CloudEventsHeaders",
    "type": "object",
    "required": ["ce_specversion", "ce_id", "ce_type", "ce_source", "ce_subject", "ce_time"],
    "properties": {
        "ce_specversion": {"const": "1.0"},
        "ce_id": {"type": "string", "format": "uuid", "description": "the event's id, the same in every redelivery"},
        "ce_type": {"type": "string"},
        "ce_source": {"type": "string"},
        "ce_subject": {"type": "string", "description": "the key of the stream"},
        "ce_time": {"type": "string", "format": "date-time", "description": "city time of the fact"},
        "ce_recordedat": {"type": "string", "format": "date-time", "description": "wall time of its transaction"},
        "ce_sequence": {"type": "string", "description": "1..n within the key, without a gap"},
        "traceparent": {"type": "string", "description": "W3C trace context"},
    },
}


def _kept_and_read(topic: str) -> str:
    # Imported here: groups load the event types from this module.
    from .consuming.group import all_groups
    from .topology import FOR_EVER, ONE_DAY_MS, topics

    declared = next((one for one in topics() if one.name == topic), None)
    kept = "Not declared."
    if declared is not None:
        days = declared.retention_ms // ONE_DAY_MS
        kept = "Kept for ever" if declared.retention_ms == FOR_EVER else f"Kept for {days} day{'s' if days > 1 else ''}"
        kept += ", the latest of each key alone." if declared.compacted else "."
    names = sorted(group.name for group in all_groups() if topic in group.topics)
    return f"{kept} Read by {', '.join(f'`{name}`' for name in names) or 'no group'}."


def _fields_table(cls: type[Event]) -> str:
    lines = ["| field | type | |", "|---|---|---|"]
    for field in msgspec.structs.fields(cls):
        kind = field.type.__name__ if isinstance(field.type, type) else str(field.type)
        kind = kind.replace("orders.events.", "").replace("datetime.datetime", "datetime").replace("|", "or")
        lines.append(f"| `{field.encode_name}` | {kind} | {'required' if field.required else 'optional'} |")
    return "\n".join(lines) + "\n"


def _first_line(thing: object) -> str:
    return (inspect.getdoc(thing) or "").split("\n", 1)[0]
