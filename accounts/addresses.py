"""A customer's saved doors. A row is never rewritten: orders that went there keep the door they were placed for."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from .models import Address, User

#: So many are offered; nobody looks through more.
MOST = 20


def saved(user: User) -> QuerySet[Address]:
    """What is offered: the default first, then the latest."""
    return Address.objects.filter(user=user, removed=False).order_by("-is_default", "-id")[:MOST]


@transaction.atomic
def save(
    *,
    by: User,
    line: str,
    latitude: float,
    longitude: float,
    instructions: str = "",
    label: str = "",
    default: bool = False,
    instead_of: int | None = None,
) -> Address:
    """A new door, or a changed one `instead_of` an old one, which is offered no more.

    Raises:
        Address.DoesNotExist: the old one is unknown, another's or removed.
    """
    _lock(by)
    if instead_of is not None:
        old = Address.objects.get(user=by, pk=instead_of, removed=False)
        default = default or old.is_default
        _let_go(old)
    if default:
        Address.objects.filter(user=by, is_default=True).update(is_default=False)
    return Address.objects.create(
        user=by,
        line=line,
        latitude=latitude,
        longitude=longitude,
        instructions=instructions,
        label=label,
        is_default=default,
    )


@transaction.atomic
def make_default(address_id: int, *, by: User) -> None:
    """It is chosen beforehand at the checkout. Raises Address.DoesNotExist: unknown, another's or removed."""
    _lock(by)
    chosen = Address.objects.get(user=by, pk=address_id, removed=False)
    # The old one first: the index allows one default at any moment.
    Address.objects.filter(user=by, is_default=True).exclude(pk=chosen.pk).update(is_default=False)
    Address.objects.filter(pk=chosen.pk).update(is_default=True)


@transaction.atomic
def remove(address_id: int, *, by: User) -> None:
    """Offer it no more. Raises Address.DoesNotExist: unknown, another's or removed before."""
    _lock(by)
    _let_go(Address.objects.get(user=by, pk=address_id, removed=False))


def _let_go(address: Address) -> None:
    Address.objects.filter(pk=address.pk).update(removed=True, is_default=False)


def _lock(user: User) -> None:
    # Two windows of one customer come one after the other, instead of meeting at the index.
    User.objects.select_for_update(no_key=True).only("pk").get(pk=user.pk)
