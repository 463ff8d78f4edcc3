"""What can be said about a dead SQS message, whatever its bytes are."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from messaging.sqs.vetting import fault_of


@dataclass(frozen=True, slots=True)
class Reading:
    """`kwargs` None: the message is no command and can only be discarded."""

    task: str = ""
    task_id: str = ""
    key: str = ""
    headers: dict[str, Any] = field(default_factory=dict)
    kwargs: dict[str, Any] | None = None
    traceparent: str = ""
    fault: str = ""


def read(body: str) -> Reading:
    """Take a message's body apart; never raises."""
    try:
        payload = json.loads(base64.b64decode(body, validate=True))
    except (ValueError, RecursionError):
        try:
            payload = json.loads(body)
        except (ValueError, RecursionError):
            return Reading(fault="the body is not a Celery message")
    if not isinstance(payload, dict):
        return Reading(fault="the body is not a Celery message")
    raw = payload.get("headers")
    headers: dict[str, Any] = raw if isinstance(raw, dict) else {}
    properties = payload.get("properties")
    fault = fault_of(payload | {"properties": properties if isinstance(properties, dict) else {}})
    kwargs = None if fault else json.loads(base64.b64decode(payload["body"]))[1]
    return Reading(
        task=_text(headers.get("task")),
        task_id=_text(headers.get("id")),
        key=_text(headers.get("key")),
        headers=_storable(headers),
        kwargs=kwargs,
        traceparent=_text(headers.get("traceparent"))[:64],
        fault=fault or "",
    )


def _text(value: object) -> str:
    """At most 120 characters that PostgreSQL can store: it knows no NUL."""
    return value.replace("\x00", "\ufffd")[:120] if isinstance(value, str) else ""


def _storable(headers: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(headers)
    # jsonb refuses what JSON allows: NUL characters and halves of surrogate pairs.
    if "\\u0000" in text or "\\ud8" in text.lower() or "\\udc" in text.lower():
        return {"unstorable": text.replace("\\u", "\\\\u")[:10_000]}
    return headers
