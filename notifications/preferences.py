"""What somebody wants to hear, kind by kind and channel by channel."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction
from django.db.models.functions import Now

from accounts.models import User

from .kinds import KINDS, Kind, kinds_for
from .models import Channel, Preference


@dataclass(frozen=True, slots=True)
class Choice:
    """A box of the page: `name` is its form field."""

    channel: Channel
    name: str
    wanted: bool


def is_wanted(user: int, kind: str, channel: str) -> bool:
    """What they said, or else the kind's default."""
    said = Preference.objects.filter(user=user, kind=kind, channel=channel).values_list("wanted", flat=True).first()
    return channel in KINDS[kind].defaults if said is None else said


def choices_of(user: User) -> list[tuple[Kind, list[Choice]]]:
    """Every kind that concerns the user, with a choice a channel."""
    said = {(row.kind, row.channel): row.wanted for row in Preference.objects.filter(user=user)}
    return [
        (
            kind,
            [
                Choice(channel, f"{kind.name}.{channel}", said.get((kind.name, channel), channel in kind.defaults))
                for channel in Channel
                if channel in kind.offered
            ],
        )
        for kind in kinds_for(role_of(user))
    ]


def role_of(user: User) -> str:
    """An administrator hears what operators hear."""
    return "operator" if user.is_operator else user.role


@transaction.atomic
def choose(user: User, *, wanted: Collection[str]) -> int:
    """Set every choice of the page: `wanted` are the names of the ticked boxes. Returns how many changed."""
    changed = 0
    for kind, choices in choices_of(user):
        for choice in choices:
            if choice.wanted != (choice.name in wanted):
                say(user.pk, kind.name, choice.channel, wanted=not choice.wanted)
                changed += 1
    return changed


def say(user: int, kind: str, channel: str, *, wanted: bool) -> None:
    """Write one choice down."""
    Preference.objects.update_or_create(
        user_id=user, kind=kind, channel=channel, defaults={"wanted": wanted, "changed_at": Now()}
    )
