"""Promising notices: what somebody is to hear becomes a row a channel, and a command where a worker must send it.

The row and its command commit together, in the transaction of whoever asks. A fact that is told again finds its rows
there already, so nothing is promised twice, and no command is sent that was sent before.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from accounts.models import User
from messaging.consuming.arrays import plain, texts
from messaging.outbox import send_many

from .kinds import KINDS, Kind
from .models import Channel, Device, Notice, Preference

State = Notice.State

#: The command that sends a notice; `tasks.py` registers it.
SEND = "notices.send"

TURNED_OFF = "turned off by its recipient"
NO_ADDRESS = "the account has no e-mail address"
LATE = "heard of too late to tell anybody"

INSERT = """
    INSERT INTO notifications_notice
        (event_id, recipient_id, channel, kind, about, facts, state, reason, attempts, sent_at)
    SELECT event_id, recipient_id, channel, kind, about, facts::jsonb, state, reason,
        (state = 'sent')::int, CASE WHEN state = 'sent' THEN statement_timestamp() END
    FROM unnest(%s::uuid[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
        AS asked (event_id, recipient_id, channel, kind, about, facts, state, reason)
    ON CONFLICT (event_id, recipient_id, channel) DO NOTHING
    RETURNING id, recipient_id, kind, about, state
"""


@dataclass(frozen=True, slots=True)
class Ask:
    """One person shall hear of one fact. `facts` hold ids, amounts in minor units and public words, nothing personal.

    `about` names what it is about (an order's id), for links and for its story; `kind` is one of `kinds.KINDS`. What is
    `late` stands in the inbox alone: nobody is written to about what they have long known.
    """

    event_id: uuid.UUID
    recipient: int
    kind: str
    about: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    late: bool = False


@dataclass(frozen=True, slots=True)
class Promised:
    """How many rows this call made, how many of them await a worker, and whose inbox grew."""

    rows: int
    commands: int
    inboxes: frozenset[int]


def ask(
    *, event_id: uuid.UUID, recipient: int, kind: str, about: str = "", facts: dict[str, Any] | None = None
) -> Promised:
    """`ask_many` for one person."""
    return ask_many([Ask(event_id, recipient, kind, about, facts or {})])


def ask_many(asks: Sequence[Ask]) -> Promised:
    """Promise what each recipient's preferences allow; call it in the transaction of the change that it tells of.

    An inbox notice is sent by being written. What a person turned off, or has no address for, is written down as
    skipped, so that it can be told from what was forgotten. Accounts that do not exist are passed over.

    Raises:
        KeyError: an unknown kind. CannotPublish: outside a transaction.
    """
    rows = list(_rows(asks))
    if not rows:
        return Promised(0, 0, frozenset())
    ids, recipients, channels, kinds, abouts, facts, states, reasons = zip(*rows, strict=True)
    words = [texts(list(column)) for column in (channels, kinds, abouts, facts, states, reasons)]
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [plain(ids), plain(recipients), *words])
        made = cursor.fetchall()
    queued = [(pk, kind, about) for pk, _, kind, about, state in made if state == State.QUEUED]
    send_many(SEND, [(command_key(pk, kind, about), {"notice": pk}) for pk, kind, about in queued])
    inboxes = frozenset(recipient for _, recipient, _, _, state in made if state == State.SENT)
    return Promised(len(made), len(queued), inboxes)


def command_key(notice: int, kind: str, about: str) -> str:
    """What a notice's command is filed under: the order's story, or its own lane where many hear the same."""
    return str(notice) if KINDS[kind].crowd or not about else about


def _rows(asks: Sequence[Ask]) -> Iterator[tuple[uuid.UUID, int, str, str, str, str, str, str]]:
    people = {one.recipient for one in asks}
    addressed = dict(User.objects.filter(pk__in=people).values_list("pk", "email"))
    said = {
        (user, kind, channel): wanted
        for user, kind, channel, wanted in Preference.objects.filter(user__in=people).values_list(
            "user_id", "kind", "channel", "wanted"
        )
    }
    with_device = set(Device.objects.filter(user__in=people).values_list("user_id", flat=True))
    for one in asks:
        kind = KINDS[one.kind]
        if one.recipient not in addressed:
            continue
        # PostgreSQL's json holds no NUL.
        facts = json.dumps(one.facts, default=str).replace("\\u0000", "")
        for channel in Channel:
            state, reason = _decide(
                kind,
                channel,
                said=said.get((one.recipient, one.kind, channel)),
                address=addressed[one.recipient],
                device=one.recipient in with_device,
                late=one.late,
            )
            if state:
                yield one.event_id, one.recipient, channel, one.kind, one.about, facts, state, reason


def _decide(
    kind: Kind, channel: Channel, *, said: bool | None, address: str, device: bool, late: bool
) -> tuple[str, str]:
    """The state a notice begins in and why; "" where none is promised on this channel."""
    usual = channel in kind.defaults
    if channel not in kind.offered or not (usual if said is None else said or usual):
        return "", ""
    if channel is Channel.PUSH and not device:
        return "", ""
    if said is False:
        return State.SKIPPED, TURNED_OFF
    if channel is Channel.INBOX:
        return State.SENT, ""
    if channel is Channel.EMAIL and not address:
        return State.SKIPPED, NO_ADDRESS
    if late:
        return State.SKIPPED, LATE
    return State.QUEUED, ""
