"""What this room keeps of a person: their inbox, choices, browsers and restaurants, and in a demo their mail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from django.conf import settings
from django.db.models.functions import Now

from accounts.erasing import CannotErase, erasure
from accounts.models import User

from .models import Channel, Device, Follower, Notice, Preference

#: Ids in one call to the receiver, which takes short bodies.
CALL = 100


@erasure
def erase(user: User) -> None:
    """Remove a customer's notices, preferences, browsers and followed restaurants, and what the demo's receiver took.

    Raises:
        CannotErase: a worker is sending them a notice at this moment, or the receiver does not answer.
    """
    # Locked until the account is blank: a worker that comes for one of them finds it gone, and writes to nobody.
    notices = Notice.objects.select_for_update().filter(recipient=user)
    list(notices.order_by("pk").values_list("pk", flat=True))
    if Notice.objects.filter(recipient=user, leased_until__gt=Now()).exists():
        raise CannotErase("a notice is being sent to you at this moment: try again in a minute")
    if settings.RECEIVER_URL:
        _forget_received(user)
    Notice.objects.filter(recipient=user).delete()
    Preference.objects.filter(user=user).delete()
    Device.objects.filter(user=user).delete()
    Follower.objects.filter(user=user).delete()


def _forget_received(user: User) -> None:
    """Have the demo's receiver forget mail and push messages; another sender's mail server cannot be asked to."""
    # Every process loads this room, and few of them ever speak HTTP.
    import httpx

    try:
        with httpx.Client(base_url=settings.RECEIVER_URL, timeout=5) as receiver:
            for wanted in _received(user):
                receiver.post("/forget", json=wanted).raise_for_status()
    except httpx.HTTPError as error:
        raise CannotErase(f"the receiver that keeps your mail does not answer ({error}): start it first") from error


def _received(user: User) -> Iterator[dict[str, Any]]:
    """By address, and by message too: an address that was changed since stands on what was sent before."""
    addresses = set(user.emailaddress_set.values_list("email", flat=True))  # type: ignore[attr-defined]  # of allauth
    yield {"addresses": sorted({*addresses, user.email} - {""})}
    mails = Notice.objects.filter(recipient=user, channel=Channel.EMAIL).exclude(provider_id="")
    for ids in _in_calls(mails.values_list("provider_id", flat=True)):
        yield {"message_ids": ids}
    browsers = Device.objects.filter(user=user, endpoint__startswith=f"{settings.WEBPUSH_LOCAL_URL}/push/")
    for endpoints in _in_calls(browsers.values_list("endpoint", flat=True)):
        yield {"tokens": [endpoint.rpartition("/")[2] for endpoint in endpoints]}


def _in_calls(names: Iterable[str]) -> Iterator[list[str]]:
    left = iter(names)
    while some := list(islice(left, CALL)):
        yield some
