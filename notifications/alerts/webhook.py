"""An incident posted to another system, signed over time and body as payment providers do.

    X-Forkroad-Signature: t=1767378300,v1=HEX        HMAC-SHA256 with the secret over "1767378300." + body
    X-Forkroad-Delivery: 5b0c0d3e-…                   the same for a repeat: whoever was told can tell

A receiver checks the signature in constant time and refuses what is older than five minutes.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import uuid
from datetime import datetime
from typing import Any

import requests
from django.conf import settings

from messaging.alerting.responding import outside_response
from messaging.alerting.rules import WEBHOOK, rule_of
from messaging.models import IncidentStep

#: Wall seconds for connecting, and for the answer.
TIMEOUT = (3, 5)

NAMESPACE = uuid.UUID("d0a3a1a8-55f5-5e0c-8a65-2d3f6c1b7e10")


class NotHeard(Exception):
    """The other side did not answer with a 2xx: the message comes back, after waits that grow."""


@outside_response(WEBHOOK, throws=(NotHeard,))
def webhook(step: IncidentStep) -> str:
    """Post the incident as it is now.

    Raises:
        NotHeard: try again later.
    """
    if not settings.ALERT_WEBHOOK_URL:
        return "no address is set"
    body = json.dumps(payload(step), separators=(",", ":")).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Forkroad",
        "X-Forkroad-Delivery": str(uuid.uuid5(NAMESPACE, str(step.pk))),
        "X-Forkroad-Signature": signature(body, secret=settings.ALERT_WEBHOOK_SECRET, at=int(time.time())),
    }
    try:
        # A redirect would carry the incident to an address that nobody chose.
        answer = requests.post(
            settings.ALERT_WEBHOOK_URL, data=body, headers=headers, timeout=TIMEOUT, allow_redirects=False
        )
    except requests.RequestException as error:
        raise NotHeard(f"no answer: {type(error).__name__}") from error
    if not 200 <= answer.status_code < 300:
        raise NotHeard(f"answered {answer.status_code}")
    return f"the webhook answered {answer.status_code}"


def payload(step: IncidentStep) -> dict[str, Any]:
    """What is posted; times are RFC 3339. A message names orders and couriers, no customer."""
    incident = step.incident
    rule = rule_of(incident.kind)
    return {
        "type": f"incident.{step.moment}",
        "incident": {
            "id": incident.pk,
            "kind": incident.kind,
            "subject": incident.subject,
            "title": rule.title,
            "severity": incident.severity,
            "message": incident.message,
            "opened_at": _text(incident.opened_at),
            "acknowledged_at": _text(incident.acknowledged_at),
            "escalated_at": _text(incident.escalated_at),
            "resolved_at": _text(incident.resolved_at),
            "runbook": rule.anchor,
            "link": f"{settings.PUBLIC_URL}/operator/incidents/{incident.pk}/",
        },
    }


def signature(body: bytes, *, secret: str, at: int) -> str:
    """The signature header of a body, at a time in seconds since 1970."""
    digest = hmac.new(secret.encode(), str(at).encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
