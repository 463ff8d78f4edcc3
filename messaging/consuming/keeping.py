"""The rows of what could not be applied: parked records, dead letters, and the incident that tells of them."""

from __future__ import annotations

import json
from collections.abc import Sequence

from django.db import connection
from django.db.models.functions import Now

from messaging.models import DeadLetter, ParkedRecord
from messaging.models.incident import open_incident, resolve_incident

from .failures import TooManyDeadLetters
from .group import Group
from .records import Record, headers_from_json, headers_to_json
from .sieve import Dead, Waiting

PARKED_INCIDENT = "parked_key"


def parked_records(group: str, generation: int, topic: str, keys: Sequence[str]) -> dict[str, dict[int, Record]]:
    """What is parked of these keys, by key and sequence."""
    waiting = ParkedRecord.objects.filter(group=group, generation=generation, topic=topic)
    # Nearly always there are none at all: asked first, for naming a thousand keys costs more than the answer.
    rows = waiting.filter(key__in=keys).order_by("offset") if waiting.exists() else waiting.none()
    found: dict[str, dict[int, Record]] = {}
    for row in rows:
        found.setdefault(row.key, {}).setdefault(row.sequence or 0, from_row(row))
    return found


def from_row(row: ParkedRecord) -> Record:
    return Record(
        topic=row.topic,
        partition=row.partition,
        offset=row.offset,
        headers=headers_from_json(row.headers),
        value=None if row.value is None else bytes(row.value),
        parked_id=row.pk,
    )


def park(group: str, generation: int, waiting: Sequence[Waiting]) -> None:
    """Keep records until their key can go on."""
    ParkedRecord.objects.bulk_create(
        [
            ParkedRecord(
                group=group,
                generation=generation,
                topic=one.record.topic,
                key=one.context.key,
                sequence=one.context.sequence,
                partition=one.record.partition,
                offset=one.record.offset,
                headers=headers_to_json(one.record.headers),
                value=one.record.value,
                reason=one.reason,
            )
            for one in waiting
        ],
        ignore_conflicts=True,
    )


def unpark(records: Sequence[Record]) -> None:
    ParkedRecord.objects.filter(pk__in=[record.parked_id for record in records]).delete()


def pardoned(group: str, topic: str, partition: int) -> frozenset[tuple[int, int]]:
    """Records a person waved through: (partition, offset). A replay meets them again and must decide the same."""
    letters = DeadLetter.objects.filter(
        road="kafka", group=group, source=topic, partition=partition, state=DeadLetter.State.DISCARDED
    )
    return frozenset((partition, offset) for offset in letters.values_list("offset", flat=True) if offset is not None)


def bury(group: Group, dead: Sequence[Dead]) -> None:
    """Copy invalid records to the dead letters, where a repeat meets the first.

    Raises:
        TooManyDeadLetters: more are open than the group allows.
    """
    DeadLetter.objects.bulk_create(
        [
            DeadLetter(
                road="kafka",
                source=one.record.topic,
                group=group.name,
                partition=one.record.partition,
                offset=one.record.offset,
                message_id=str(one.context.id) if one.context else "",
                type=(one.context.type if one.context else "")[:120].replace("\x00", ""),
                key=one.context.key if one.context else "",
                headers=headers_to_json(one.record.headers),
                body=one.record.value,
                error=one.error.replace("\x00", ""),
            )
            for one in dead
        ],
        ignore_conflicts=True,
    )
    still_open = DeadLetter.objects.filter(road="kafka", group=group.name, state=DeadLetter.State.OPEN).count()
    if still_open > group.dead_letter_limit:
        raise TooManyDeadLetters(
            f"group {group.name} would have {still_open} open dead letters, above its limit of"
            f" {group.dead_letter_limit}; the last: {dead[-1].error}"
        )


def settle_letters(group: str, records: Sequence[Record]) -> None:
    """Mark the dead letters of records that were applied after all."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE messaging_deadletter SET state = 'redriven', settled_at = clock_timestamp()"
            ' FROM jsonb_to_recordset(%s::jsonb) AS done(topic text, partition int, "offset" bigint)'
            " WHERE road = 'kafka' AND \"group\" = %s AND state = 'open' AND source = done.topic"
            ' AND messaging_deadletter.partition = done.partition AND messaging_deadletter."offset" = done."offset"',
            [json.dumps([{"topic": r.topic, "partition": r.partition, "offset": r.offset} for r in records]), group],
        )


def pardon(group: str, record: Record, *, key: str, reason: str) -> None:
    """Remember for good that a record is waved through."""
    values = {"state": DeadLetter.State.DISCARDED, "settled_at": Now()}
    at = {"road": "kafka", "group": group, "source": record.topic, "partition": record.partition}
    letter, made = DeadLetter.objects.get_or_create(
        **at,
        offset=record.offset,
        defaults=values
        | {"key": key, "headers": headers_to_json(record.headers), "body": record.value, "error": reason},
    )
    if not made:
        DeadLetter.objects.filter(pk=letter.pk).update(**values)


def tell_of_parked(group: str, generation: int) -> None:
    """Open the group's incident while any of its keys waits; close it when none does."""
    rows = ParkedRecord.objects.filter(group=group, generation=generation)
    first = rows.order_by("pk").first()
    if first is None:
        resolve_incident(PARKED_INCIDENT, group)
    else:
        open_incident(
            PARKED_INCIDENT,
            group,
            f"Events wait in group {group}, the first of key {first.key} in {first.topic}: {first.reason}."
            " Other keys go on. Redrive or discard them in the list of parked records.",
        )
