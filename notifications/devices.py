"""Browsers that take push messages: added by a button on the page, forgotten when their push service says so."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from accounts.models import User

from .models import Device

BASE64URL = re.compile(r"[A-Za-z0-9_-]+=*")
#: A person's browsers; the oldest makes room.
MOST = 10


class NotASubscription(ValueError):
    """What the page sent is no push subscription that this site would send to."""


def is_push_service(endpoint: str) -> bool:
    """Whether it is an address of a known push service: the server must not be led to post to others, or inside."""
    if settings.WEBPUSH_LOCAL_URL and endpoint.startswith(f"{settings.WEBPUSH_LOCAL_URL}/push/"):
        return True
    address = urlsplit(endpoint)
    host = address.hostname or ""
    known = any(host == name or host.endswith(f".{name}") for name in settings.WEBPUSH_SERVICES)
    return address.scheme == "https" and known


def add_device(user: User, subscription: dict[str, Any], *, label: str) -> Device:
    """Keep a browser's subscription (`PushSubscription.toJSON()`); one that is known already is now this user's.

    Raises:
        NotASubscription: a key is missing or malformed, or the push service is unknown.
    """
    endpoint, keys = subscription.get("endpoint"), subscription.get("keys")
    if not isinstance(endpoint, str) or len(endpoint) > 1000 or not is_push_service(endpoint):
        raise NotASubscription("The endpoint belongs to no push service that this site knows (WEBPUSH_SERVICES).")
    found = [keys.get(name) if isinstance(keys, dict) else None for name in ("p256dh", "auth")]
    if not all(isinstance(key, str) and BASE64URL.fullmatch(key) and len(key) <= 100 for key in found):
        raise NotASubscription("A subscription has the keys p256dh and auth, in base64url.")
    p256dh, auth = found
    device, _ = Device.objects.update_or_create(
        endpoint=endpoint,
        defaults={"user": user, "p256dh": p256dh, "auth": str(auth)[:40], "label": label.replace("\0", "")[:120]},
    )
    surplus = Device.objects.filter(user=user).order_by("-pk").values_list("pk", flat=True)[MOST:]
    Device.objects.filter(pk__in=list(surplus)).delete()
    return device


def remove_device(user: User, pk: int) -> bool:
    """Forget one of the user's own browsers; False when there is none of this number."""
    return Device.objects.filter(user=user, pk=pk).delete()[0] > 0


def browser_name(agent: str) -> str:
    """A few words for a User-Agent, so that somebody knows which of their browsers it is."""
    browser = next((name for mark, name in BROWSERS if mark in agent), "A browser")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    return f"{browser} on {system}" if system else browser


#: In this order: each also carries the marks of those below it.
BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)
