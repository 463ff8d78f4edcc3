"""Bearer tokens: signed, good for a day, worthless once the account's password changes."""

from __future__ import annotations

from datetime import timedelta

from django.core import signing
from django.utils.crypto import constant_time_compare

from .models import User

LIFETIME = timedelta(hours=24)
SALT = "forkroad.token"


def make_token(user: User) -> str:
    """A token that lets its bearer act as this user for LIFETIME of wall time."""
    return signing.dumps({"user": user.pk, "stamp": _stamp(user)}, salt=SALT)


def user_of_token(token: str) -> User | None:
    """The active user a token was made for, or None."""
    try:
        claim = signing.loads(token, salt=SALT, max_age=LIFETIME)
    except signing.BadSignature:
        return None
    user = User.objects.filter(pk=claim["user"], is_active=True).first()
    if user is None or not constant_time_compare(claim["stamp"], _stamp(user)):
        return None
    return user


def _stamp(user: User) -> str:
    # Django's own digest of the password hash: it changes exactly when sessions become invalid, too.
    return user.get_session_auth_hash()[:16]
