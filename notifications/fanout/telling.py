"""Telling a range of followers: its notices by one statement, then the commands for those that a worker must send.

The notices commit together with the range's state, so a worker that dies leaves all of them or none, and the unique
index over (event, recipient, channel) refuses a second one whatever else goes wrong. The commands go to SQS after that
commit, past the outbox: a million rows there would stand before everybody's payments. They are not lost with a worker:
until SQS has acknowledged them all, the range is not done and its own command comes back. One that goes out twice
finds its notices sent.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from messaging import tracing
from messaging.names import queue_of
from messaging.outbox import shard_of
from messaging.relay.sending import Row
from messaging.sqs.send import CommandSender
from notifications.asking import NO_ADDRESS, TURNED_OFF
from notifications.kinds import KINDS
from notifications.models import Channel, PostRange

from .finishing import finish

KIND = "post"
#: The command that sends the notices of a stretch of followers on one channel.
SEND_STRETCH = "notices.send_stretch"
QUEUE = queue_of(SEND_STRETCH)
#: Followers of a stretch. SQS takes some hundred messages a second from one worker however they are batched, so a
#: message that carried one follower would take half an hour for a million.
STRETCH = 50

State = PostRange.State

#: As `notifications.asking` decides for one person, for a range of them. The words stand in the post, once.
WRITE = """
    WITH written AS (
        INSERT INTO notifications_notice
            (event_id, recipient_id, channel, kind, about, facts, state, reason, attempts, sent_at)
        SELECT %(post)s, person.id, way.channel, %(kind)s, %(about)s, '{}'::jsonb, way.state,
            CASE way.state WHEN 'skipped' THEN way.reason ELSE '' END, (way.state = 'sent')::int,
            CASE way.state WHEN 'sent' THEN statement_timestamp() END
        FROM notifications_follower AS follower
        JOIN accounts_user AS person ON person.id = follower.user_id
        CROSS JOIN unnest(%(channels)s::text[], %(usual)s::bool[]) AS known (channel, usual)
        LEFT JOIN notifications_preference AS said
            ON said.user_id = person.id AND said.kind = %(kind)s AND said.channel = known.channel
        CROSS JOIN LATERAL (
            SELECT known.channel,
                CASE
                    WHEN said.wanted IS FALSE THEN 'skipped'
                    WHEN known.channel = 'inbox' THEN 'sent'
                    WHEN known.channel = 'email' AND person.email = '' THEN 'skipped'
                    ELSE 'queued'
                END AS state,
                CASE WHEN said.wanted IS FALSE THEN %(turned_off)s ELSE %(no_address)s END AS reason
        ) AS way
        WHERE follower.restaurant_id = %(restaurant)s AND follower.user_id BETWEEN %(first)s AND %(last)s
            AND follower.followed_at <= %(asked)s
            AND (coalesce(said.wanted, false) OR known.usual)
            AND (known.channel <> 'push'
                OR EXISTS (SELECT FROM notifications_device AS device WHERE device.user_id = person.id))
        ON CONFLICT (event_id, recipient_id, channel) DO NOTHING
        RETURNING recipient_id
    )
    SELECT count(DISTINCT recipient_id) FROM written
"""

STRETCHES = """
    SELECT channel, min(recipient_id), max(recipient_id) FROM (
        SELECT channel, recipient_id,
            (row_number() OVER (PARTITION BY channel ORDER BY recipient_id) - 1) / %(stretch)s AS part
        FROM notifications_notice
        WHERE event_id = %(post)s AND recipient_id BETWEEN %(first)s AND %(last)s AND state = 'queued'
    ) AS queued
    GROUP BY channel, part ORDER BY channel, part
"""


class NotTaken(Exception):
    """SQS did not acknowledge every command of the range: its own comes back, and they are sent again."""


def tell(range_id: int, *, stretch: int = STRETCH) -> bool:
    """Tell a range; False where that had been done.

    Raises:
        PostRange.DoesNotExist: no such range. NotTaken: try again later.
    """
    with transaction.atomic():
        piece = PostRange.objects.select_for_update(of=("self",)).select_related("post").get(pk=range_id)
        if piece.state == State.DONE:
            return False
        if piece.state == State.OPEN:
            told = _write(piece)
            PostRange.objects.filter(pk=piece.pk).update(state=State.TOLD, told=told, touched_at=Now())
    commands = _commands(piece, stretch=stretch)
    _enqueue(commands)
    done = PostRange.objects.filter(pk=piece.pk, state=State.TOLD).update(
        state=State.DONE, commands=len(commands), touched_at=Now()
    )
    finish(piece.post_id)
    return done == 1


def _write(piece: PostRange) -> int:
    """Write the range's notices; how many people they are for."""
    kind = KINDS[KIND]
    offered = [channel for channel in Channel if channel in kind.offered]
    values: dict[str, Any] = {
        "post": piece.post_id,
        "kind": KIND,
        "about": str(piece.post.restaurant_id),
        "channels": [str(channel) for channel in offered],
        "usual": [channel in kind.defaults for channel in offered],
        "restaurant": piece.post.restaurant_id,
        "first": piece.first,
        "last": piece.last,
        "asked": piece.post.created_at,
        "turned_off": TURNED_OFF,
        "no_address": NO_ADDRESS,
    }
    with connection.cursor() as cursor:
        cursor.execute(WRITE, values)
        told: int = cursor.fetchone()[0]
        return told


def _commands(piece: PostRange, *, stretch: int) -> list[Row]:
    """The commands that are owed for notices that nobody has begun to send."""
    values: dict[str, Any] = {"post": piece.post_id, "first": piece.first, "last": piece.last, "stretch": stretch}
    with connection.cursor() as cursor:
        cursor.execute(STRETCHES, values)
        return [
            _command({"post": str(piece.post_id), "channel": channel, "first": first, "last": last}, number)
            for number, (channel, first, last) in enumerate(cursor.fetchall())
        ]


def _command(kwargs: dict[str, Any], number: int) -> Row:
    """As the relay would read it from the outbox. A repeat has the same id, so that both show as one command."""
    name = "{post}/{channel}/{first}".format(**kwargs)
    return Row(
        id=number,
        shard=shard_of(kwargs["post"]),
        destination=QUEUE,
        type=SEND_STRETCH,
        key=kwargs["post"],
        sequence=None,
        message_id=str(uuid.uuid5(uuid.NAMESPACE_URL, name)),
        time="",
        payload=json.dumps(kwargs).encode(),
        traceparent=tracing.current(),
        delay_seconds=0,
        recorded_at="",
        attempts=0,
    )


_local = threading.local()


def _enqueue(commands: Sequence[Row]) -> None:
    """Put commands on their queue, ten to a call; returns when SQS has acknowledged every one."""
    if not commands:
        return
    sender = getattr(_local, "sender", None)
    if sender is None:
        sender = _local.sender = CommandSender()
    missing = [answer for answer in sender.send(commands) if not answer.ok]
    if missing:
        raise NotTaken(f"{len(missing)} of {len(commands)} commands were not taken: {missing[0].error}")
