"""What a message must look like before Celery may see it.

Celery 5.7 acknowledges, that is deletes, a message that it cannot decode, and some malformed ones raise inside
kombu's receive callback, after which the queue is never polled again. Neither may happen to bytes that a person
may still need, so such a message is left to SQS, whose redrive policy makes it a dead letter.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any


def fault_of(payload: dict[str, Any]) -> str | None:
    """Why this kombu payload is no command, or None. Unknown tasks pass: Celery rejects them."""
    headers = payload.get("headers")
    if "content-type" not in payload or not isinstance(headers, dict):
        return "the body is not a Celery message"
    if not isinstance(headers.get("task"), str) or not isinstance(headers.get("id"), str):
        return "the headers name no task or no id"
    if payload["content-type"] != "application/json":
        return f"the content is {str(payload['content-type'])[:80]}, where only application/json is read"
    try:
        content = json.loads(_decoded_body(payload))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        return f"the arguments are not JSON: {error!r}"
    if not isinstance(content, list) or [type(part) for part in content] != [list, dict, dict]:
        return "the arguments are not [args, kwargs, options]"
    return None


def _decoded_body(payload: dict[str, Any]) -> str | bytes:
    body = payload.get("body")
    if payload["properties"].get("body_encoding") != "base64":
        return body if isinstance(body, str) else ""
    if not isinstance(body, str):
        raise TypeError(f"a body of type {type(body).__name__}")
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error
