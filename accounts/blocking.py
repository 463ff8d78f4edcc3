"""Keeping somebody out for a while, and letting them in again. Nothing of theirs is lost."""

from __future__ import annotations

from .models import User


class CannotBlock(Exception):
    """Nothing was changed; the message says why."""


def block(user: User, *, by: User) -> bool:
    """End every session and token of an account, and let nobody sign in to it; False where it was so already.

    Raises:
        CannotBlock: it is one's own, or staff's and `by` is no superuser.
    """
    _may(user, by=by)
    return User.objects.filter(pk=user.pk, is_active=True).update(is_active=False) == 1


def restore(user: User, *, by: User) -> bool:
    """Let a blocked account in again; False where it was not blocked.

    Raises:
        CannotBlock: as `block`; or it was erased, and there is nobody to let in.
    """
    _may(user, by=by)
    if not user.has_usable_password():
        raise CannotBlock("it was erased, or never had a password: there is nobody to let in")
    return User.objects.filter(pk=user.pk, is_active=False).update(is_active=True) == 1


def _may(user: User, *, by: User) -> None:
    if user.pk == by.pk:
        raise CannotBlock("that is your own account")
    if (user.is_staff or user.is_operator) and not by.is_superuser:
        raise CannotBlock("that is an account of staff: a superuser decides about those")
