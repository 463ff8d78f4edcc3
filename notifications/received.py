"""What the demo's receiver took, as its people may see it: each their own, operators all of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx
from django.conf import settings
from django.http import Http404

from accounts.models import User

from .models import Device

Row = dict[str, Any]


class ReceiverAway(Exception):
    """It does not answer."""


def mails_for(user: User, *, words: str = "", before: str = "") -> list[Row]:
    """Mail to this person, the latest first; to anybody, for an operator. `words` search recipients and subjects.

    Raises:
        ReceiverAway; Http404 where there is none.
    """
    if not user.is_operator and not user.email:
        return []
    to = "" if user.is_operator else user.email
    found: list[Row] = _ask("/mails", to=to, words=words, before=before)
    return [_dated(mail) for mail in found]


def mail_of(user: User, number: int) -> Row | None:
    """One mail with its headers and bodies; None where it is not this person's to see."""
    found: Row | None = _ask(f"/mails/{number}", missing=None)
    if found is None or not (user.is_operator or (user.email and found["recipients"] == user.email)):
        return None
    return _dated(found)


def pushes_for(user: User) -> list[Row]:
    """Push messages to this person's stand-in browsers; to all, for an operator."""
    places = Device.objects.filter(endpoint__startswith=f"{settings.WEBPUSH_LOCAL_URL}/push/")
    owners = dict(places.values_list("endpoint", "user__username"))
    tokens = {endpoint.rpartition("/")[2]: name for endpoint, name in owners.items()}
    mine = tokens if user.is_operator else {token: name for token, name in tokens.items() if name == user.username}
    if not mine:
        return []
    found: list[Row] = _ask("/pushes", tokens=",".join(mine))
    return [_dated(push) | {"to": mine[push["token"]], "message": _message(push["payload"])} for push in found]


def _message(payload: str) -> Row:
    try:
        message = json.loads(payload)
    except ValueError:
        return {"body": payload}
    return message if isinstance(message, dict) else {"body": payload}


def _dated(row: Row) -> Row:
    return row | {"at": datetime.fromtimestamp(row["received"], UTC)}


_RAISE = object()


def _ask(path: str, *, missing: Any = _RAISE, **query: str) -> Any:
    if not settings.RECEIVER_URL:
        raise Http404("Only a demo shows the mail that it has sent.")
    try:
        answer = httpx.get(f"{settings.RECEIVER_URL}{path}", params=query, timeout=5)
        if answer.status_code == 404 and missing is not _RAISE:
            return missing
        return answer.raise_for_status().json()
    except (httpx.HTTPError, ValueError) as error:
        raise ReceiverAway(f"The demo's receiver does not answer: {error}") from error
