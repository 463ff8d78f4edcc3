"""Links that turn e-mail off without signing in: the signature says whose and what, and does nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.db import transaction

from accounts.models import User

from .kinds import KINDS, kinds_for
from .models import Channel
from .preferences import role_of, say

SALT = "forkroad.unsubscribe"
#: Where the page lives below PUBLIC_URL; `urls.py` says so, too. Not by `reverse`, which would load every page of the
#: site into each worker.
PATH = "/notices/unsubscribe/"


@dataclass(frozen=True, slots=True)
class Leave:
    """Whose link it is, and for which kind."""

    user: User
    kind: str

    @property
    def title(self) -> str:
        return KINDS[self.kind].title


def unsubscribe_url(user: int, kind: str) -> str:
    """Good for as long as SECRET_KEY is: a letter found again years later must still let its reader leave."""
    token = signing.Signer(salt=SALT).sign_object([user, kind])
    return f"{settings.PUBLIC_URL}{PATH}{token}/"


def read_token(token: str) -> Leave | None:
    """What a link stands for; None for a forged one, or where account or kind are gone."""
    try:
        user, kind = signing.Signer(salt=SALT).unsign_object(token)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    person = User.objects.filter(pk=user).first()
    return Leave(person, kind) if person is not None and kind in KINDS else None


@transaction.atomic
def unsubscribe(leave: Leave, *, everything: bool = False) -> None:
    """No more e-mail of this kind, or of any. Safe to repeat."""
    kinds = [kind.name for kind in kinds_for(role_of(leave.user))] if everything else [leave.kind]
    for kind in kinds:
        say(leave.user.pk, kind, Channel.EMAIL, wanted=False)
