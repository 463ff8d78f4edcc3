"""Every kind of notice: its name for people, where it goes unless they say otherwise, and where they may say so.

A new kind is a line here and a folder of templates under `templates/notices/` (see `words.py`). Defaults are quiet:
the inbox tells all, e-mail what one may want to find again, push what is worth a buzz. Push needs no default off:
nobody has a device until they ask for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import Role

from .models.notice import Channel

INBOX, EMAIL, PUSH = Channel.INBOX, Channel.EMAIL, Channel.PUSH


@dataclass(frozen=True, slots=True)
class Kind:
    """`defaults` are the channels used while the person has said nothing; `offered` those they may choose."""

    name: str
    title: str
    defaults: frozenset[Channel]
    offered: frozenset[Channel] = frozenset(Channel)
    #: Whose page of preferences shows it.
    role: Role = Role.CUSTOMER
    #: Told to many at once: their commands share no key, so that they spread over the lanes.
    crowd: bool = False


_KINDS = (
    Kind("placed", "We have your order", frozenset({INBOX})),
    Kind("accepted", "The restaurant cooks it", frozenset({INBOX, PUSH})),
    Kind("delayed", "It takes longer", frozenset({INBOX, PUSH})),
    Kind("assigned", "A courier was found", frozenset({INBOX})),
    Kind("picked_up", "It is on its way", frozenset({INBOX, PUSH})),
    Kind("delivered", "It was delivered", frozenset({INBOX, PUSH})),
    Kind("cancelled", "It will not come", frozenset({INBOX, EMAIL, PUSH})),
    Kind("receipt", "Receipts", frozenset({INBOX, EMAIL})),
    Kind("refund", "Refunds", frozenset({INBOX, EMAIL, PUSH})),
    # News of restaurants that somebody follows. E-mail on request only: a post may go to a million people.
    Kind("post", "Posts of restaurants you follow", frozenset({INBOX, PUSH}), crowd=True),
    Kind("incident", "Incidents", frozenset({INBOX, EMAIL, PUSH}), role=Role.OPERATOR),
)

KINDS: dict[str, Kind] = {kind.name: kind for kind in _KINDS}


def kinds_for(role: str) -> list[Kind]:
    """What a person of this role may hear of."""
    return [kind for kind in KINDS.values() if kind.role == role]
