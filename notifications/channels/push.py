"""Web push through pywebpush: encrypted for each browser, signed with our VAPID key (RFC 8030, 8291, 8292)."""

from __future__ import annotations

import json
import logging

import requests
from django.conf import settings
from pywebpush import WebPushException, webpush

from notifications.devices import is_push_service
from notifications.models import Device, Notice
from notifications.preferences import is_wanted
from notifications.vapid import signer
from notifications.words import headline_of, texts_of

from . import Refused, Skip, TryLater

logger = logging.getLogger(__name__)

#: Seconds that a push service keeps a message for a browser that is away.
KEEP = 3600


class PushSender:
    """To every browser of the recipient. What has reached one of them is sent: a repeat would buzz it once more, and
    the notices of one tag replace each other on the screen."""

    def send(self, notice: Notice) -> str:
        if not notice.recipient.is_active:
            raise Skip("the account is closed")
        if not is_wanted(notice.recipient_id, notice.kind, notice.channel):
            raise Skip("turned off by its recipient")
        message = compose(notice)
        reached, failures = [], []
        for device in Device.objects.filter(user=notice.recipient_id):
            try:
                if place := push(device, message, topic=f"notice-{notice.pk}"):
                    reached.append(place)
            except (Refused, TryLater) as failure:
                failures.append(failure)
        if reached:
            return reached[0]
        if failures:
            # What may still succeed counts more than what never will.
            raise next((one for one in failures if isinstance(one, TryLater)), failures[0])
        raise Skip("no browser of the account takes push messages any more")


def compose(notice: Notice) -> str:
    """What the service worker (`static/notifications/worker.js`) shows."""
    words = headline_of(notice, texts_of([notice]).get(notice.about))
    tag = f"notice-{notice.pk}"
    return json.dumps({"title": words.subject, "body": words.short, "link": words.link or "/notices/", "tag": tag})


def push(device: Device, message: str, *, topic: str) -> str:
    """Send to one browser; the message's address at its push service, "" when the browser is gone and forgotten.

    Raises:
        Refused, TryLater.
    """
    if not is_push_service(device.endpoint):
        raise Refused(f"{device.endpoint[:60]} is no push service that this site sends to")
    try:
        answer = webpush(
            {"endpoint": device.endpoint, "keys": {"p256dh": device.p256dh, "auth": device.auth}},
            data=message,
            vapid_private_key=signer(),
            vapid_claims={"sub": f"mailto:{settings.DEFAULT_FROM_EMAIL.rpartition('<')[2].strip('> ')}"},
            ttl=KEEP,
            timeout=settings.NOTICE_TIMEOUT_SECONDS,
            # One not yet delivered is replaced by its repeat.
            headers={"Topic": topic},
        )
    except WebPushException as error:
        status = 0 if error.response is None else error.response.status_code
        if status in (404, 410):
            logger.info("device %s is gone (%s)", device.pk, status)
            device.delete()
            return ""
        if 400 <= status < 500 and status != 429:
            raise Refused(f"the push service answered {status}") from error
        raise TryLater(f"the push service answered {status or error}") from error
    except requests.RequestException as error:
        raise TryLater(f"no push service: {error}") from error
    assert isinstance(answer, requests.Response)
    return answer.headers.get("Location") or "accepted"
