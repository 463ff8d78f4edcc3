"""The right to be forgotten: an account's personal data go, and what happened stays.

Orders, ledger and events name an account by its number alone, so they need no change: the audit's chain still holds.
A room that keeps something about a person beside this one declares how it lets go of that, with `erasure`.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction

from .models import Address, Role, User

#: What stands where something was erased.
GONE = "erased"


class CannotErase(Exception):
    """Nothing was erased; the message says what must come first."""


_erasures: list[Callable[[User], None]] = []


def erasure(function: Callable[[User], None]) -> Callable[[User], None]:
    """Declare what another room erases, in the same transaction; it may raise CannotErase."""
    if function not in _erasures:
        _erasures.append(function)
    return function


@transaction.atomic
def erase(user: User) -> User:
    """Blank a customer's names, contacts and addresses for good, and end every session and token.

    Raises:
        CannotErase: the account is not a customer's, or an order of theirs is still on its way.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.role != Role.CUSTOMER or user.is_operator:
        raise CannotErase("only a customer's account can be erased: others are ended by the operator")
    for function in _erasures:
        function(user)
    user.username = f"{GONE}-{user.pk}"
    user.first_name = user.last_name = user.email = ""
    user.is_active = False
    user.last_login = None
    # Sessions and tokens carry a digest of the password: they are worthless from here on.
    user.set_unusable_password()
    user.save()
    Address.objects.filter(user=user).update(
        label="", line=GONE, instructions="", latitude=0, longitude=0, is_default=False, removed=True
    )
    _unname_in_log(user)
    # Both of allauth, whose models have no types.
    user.emailaddress_set.all().delete()  # type: ignore[attr-defined]
    user.authenticator_set.all().delete()  # type: ignore[attr-defined]
    return user


def _unname_in_log(user: User) -> None:
    """The admin's log repeats what an object was called when somebody changed it."""
    from django.contrib.admin.models import LogEntry
    from django.contrib.contenttypes.models import ContentType

    related = (user.addresses.all(), user.emailaddress_set.all())  # type: ignore[attr-defined]
    for found in (User.objects.filter(pk=user.pk), *related):
        kind = ContentType.objects.get_for_model(found.model)
        numbers = [str(pk) for pk in found.values_list("pk", flat=True)]
        LogEntry.objects.filter(content_type=kind, object_id__in=numbers).update(object_repr=GONE)
