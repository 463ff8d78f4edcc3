"""The audit's chain: what was changed, taken out or moved is found, and where."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from analytics.audit import chain
from analytics.audit.chain import genesis
from analytics.audit.models import AuditCheckpoint, AuditEntry, AuditHead
from analytics.audit.verify import verify
from analytics.models import AuditEntry as Exported
from messaging.consuming.batch import Batch, apply_batch
from messaging.consuming.group import get_group
from messaging.consuming.records import Record as Read
from messaging.models import Generation
from tests.messaging.streams import Record, a_fact

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("namespace")]

TOPIC = "orders.events"


def records(count: int, *, by: str = "restaurant") -> list[Record]:
    """Facts of as many orders, the same ids at each call."""
    return [
        Record(str(uuid.UUID(int=n)), 1, a_fact(str(uuid.UUID(int=n)), by=by, actor_id=n), event_id=uuid.UUID(int=n))
        for n in range(1, count + 1)
    ]


def read(*given: Record, start: int = 0, partition: int = 0, generation: int | None = None) -> None:
    found = []
    for offset, record in enumerate(given, start):
        headers, value = record.parts()
        found.append(Read(topic=TOPIC, partition=partition, offset=offset, headers=headers, value=value))
    batch = Batch(TOPIC, partition, start=start, next=start + len(found), records=found)
    apply_batch(get_group("audit"), batch, generation=generation)


@pytest.fixture(autouse=True)
def _checkpoints_are_near(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("chain", "apply", "verify"):
        monkeypatch.setattr(f"analytics.audit.{module}.CHECKPOINT_EVERY", 4)


@contextlib.contextmanager
def tampering() -> Iterator[None]:
    """As a superuser may: the triggers that refuse a change are off."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield
        cursor.execute("SET LOCAL session_replication_role = origin")


def tamper(statement: str, *values: Any) -> None:
    with tampering(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        assert cursor.rowcount > 0


def found() -> list[tuple[str, str, int, int | None]]:
    return [(one.kind, one.topic, one.partition, one.offset) for one in verify().findings]


def test_an_untouched_chain_holds_and_runs_over_batches() -> None:
    read(*records(3))
    read(*records(10)[3:], start=3)
    verdict = verify()
    assert (verdict.findings, verdict.entries) == ([], 10)
    assert [(head.topic, head.partition, head.count, head.offset) for head in verdict.heads] == [(TOPIC, 0, 10, 9)]
    assert list(AuditEntry.objects.order_by("position").values_list("position", flat=True)) == list(range(1, 11))
    assert list(AuditCheckpoint.objects.order_by("count").values_list("count", "offset")) == [(4, 3), (8, 7)]


def test_each_partition_has_a_chain_of_its_own() -> None:
    read(*records(6)[:3])
    read(*records(6)[3:], partition=1)
    verdict = verify()
    assert verdict.findings == []
    assert {(head.partition, head.count) for head in verdict.heads} == {(0, 3), (1, 3)}
    assert genesis(TOPIC, 0) != genesis(TOPIC, 1)


def test_an_empty_audit_holds() -> None:
    assert (verify().findings, verify().entries) == ([], 0)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("payload", '{"order_id":"another"}'),
        ("actor_role", "operator"),
        ("actor_id", 77),
        ("time", "2020-01-01T00:00:00Z"),
        ("recorded_at", None),
        ("type", "order.cancelled"),
        ("key", "another"),
        ("sequence", 9),
        ("offset", 77),
        ("event_id", uuid.UUID(int=99)),
    ],
)
def test_a_changed_entry_is_found(column: str, value: object) -> None:
    read(*records(10))
    tamper(f'UPDATE analytics_auditentry SET "{column}" = %s WHERE position = 6', value)
    assert found() == [("changed", TOPIC, 0, 77 if column == "offset" else 5)]


def test_a_changed_entry_in_every_place_is_found() -> None:
    read(*records(3))
    for position in (1, 2, 3):
        with transaction.atomic():
            tamper("UPDATE analytics_auditentry SET payload = '{}' WHERE position = %s", position)
            assert ("changed", TOPIC, 0, position - 1) in found()
            transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("where", "kind"),
    [
        ("position = 6", [("missing", TOPIC, 0, 4)]),
        ("position BETWEEN 5 AND 7", [("missing", TOPIC, 0, 3)]),
        ("position = 1", [("missing", TOPIC, 0, None)]),
        ("position >= 9", [("missing", TOPIC, 0, 7)]),
    ],
)
def test_a_missing_entry_is_found(where: str, kind: list[tuple[str, str, int, int | None]]) -> None:
    read(*records(10))
    tamper(f"DELETE FROM analytics_auditentry WHERE {where}")
    assert found() == kind


def test_all_entries_of_a_partition_missing() -> None:
    read(*records(3))
    tamper("DELETE FROM analytics_auditentry")
    assert found() == [("missing", TOPIC, 0, None)]


@pytest.mark.parametrize(("one", "other"), [(3, 7), (5, 6), (1, 9)])
def test_reordered_entries_are_found(one: int, other: int) -> None:
    read(*records(10))
    swap(one, other)
    # Whoever moves entry 4, 8 or the last also breaks what is signed there; these do not.
    assert found() == [("reordered", TOPIC, 0, other - 1), ("reordered", TOPIC, 0, one - 1)]


def swap(one: int, other: int) -> None:
    for now, then in ((one, -1), (other, one), (-1, other)):
        tamper("UPDATE analytics_auditentry SET position = %s WHERE position = %s", then, now)


def test_an_entry_that_was_put_in_is_found() -> None:
    read(*records(3))
    entry = AuditEntry.objects.get(position=3)
    entry.pk, entry.event_id, entry.position, entry.offset = None, uuid.uuid4(), 4, 3
    entry.save(force_insert=True)
    kinds = {kind for kind, *_ in found()}
    assert {"changed", "head"} <= kinds


def test_whoever_recomputes_the_hashes_meets_the_signed_checkpoint() -> None:
    read(*records(10))
    tamper("UPDATE analytics_auditentry SET payload = '{}' WHERE position = 2")
    rewrite_chain()
    assert found() == [
        ("checkpoint", TOPIC, 0, 3),
        ("checkpoint", TOPIC, 0, 7),
        ("head", TOPIC, 0, 9),
    ]


def test_whoever_signs_with_another_key_is_found() -> None:
    read(*records(5))
    for table, what in (("checkpoint", "checkpoint"), ("head", "head")):
        signed = (AuditCheckpoint if table == "checkpoint" else AuditHead).objects.get()
        wrong = chain.sign("guessed", what, TOPIC, 0, signed.count, signed.offset, signed.hash)
        tamper(f"UPDATE analytics_audit{table} SET signature = %s", wrong)
    assert found() == [("checkpoint", TOPIC, 0, 3), ("head", TOPIC, 0, 4)]


def test_a_head_or_a_checkpoint_that_was_removed_is_found() -> None:
    read(*records(5))
    tamper("DELETE FROM analytics_auditcheckpoint")
    tamper("DELETE FROM analytics_audithead")
    assert found() == [("checkpoint", TOPIC, 0, 3), ("head", TOPIC, 0, 4)]


def test_an_end_cut_off_with_its_head_is_found_by_a_noted_end() -> None:
    read(*records(5))
    old = AuditHead.objects.values("count", "offset", "hash", "signature").get()
    read(*records(7)[5:], start=5)
    noted = verify().heads
    tamper("DELETE FROM analytics_auditentry WHERE position > 5")
    AuditHead.objects.update(**old)
    assert found() == []
    assert [(one.kind, one.offset) for one in verify(anchors=noted).findings] == [("anchor", 4)]


def rewrite_chain() -> None:
    """What somebody with the tables, but without the key, can do."""
    head = genesis(TOPIC, 0)
    for entry in AuditEntry.objects.order_by("position"):
        raw = Exported.objects.filter(pk=entry.pk).extra(select={"raw": "payload"}).values_list("raw", flat=True)[0]
        fact = chain.Fact(
            entry.position or 0,
            entry.offset,
            entry.key,
            entry.sequence,
            entry.event_id,
            entry.type,
            chain.in_utc(entry.time),
            chain.in_utc(entry.recorded_at) if entry.recorded_at else None,
            entry.actor_role,
            entry.actor_id,
            raw,
        )
        head = chain.link(head, fact)
        tamper("UPDATE analytics_auditentry SET hash = %s WHERE id = %s", head, entry.pk)


def test_a_replay_gives_the_same_head_however_the_batches_fell() -> None:
    read(*records(10))
    Generation.objects.create(group="audit", number=2, state="building")
    for start in range(0, 10, 3):
        read(*records(10)[start : start + 3], start=start, generation=2)
    one, two = verify(generation=1), verify(generation=2)
    assert one.heads == two.heads and one.findings == two.findings == []
    assert one.heads[0].count == 10


def test_a_repeat_without_a_sequence_is_passed_over_and_the_chain_holds() -> None:
    first, second = (Record(str(n), None, a_fact(str(n))) for n in range(2))
    read(first)
    read(first, second, second, start=1)
    assert verify().findings == []
    assert list(AuditEntry.objects.order_by("position").values_list("offset", flat=True)) == [0, 2]


def test_texts_with_tabs_newlines_and_backslashes_come_back_as_they_were_written() -> None:
    record = Record("a\tb\\n", 1, a_fact("a\tb\\n", reason='tab\t "quoted" \\ \n new\r\x00line'))
    record.value = record.parts()[1].replace(b":", b" :\t\n\r")
    read(record)
    entry = AuditEntry.objects.get()
    assert entry.key == "a\tb\\n"
    assert entry.payload["reason"] == 'tab\t "quoted" \\ \n new\r\x00line'
    assert verify().findings == []


def test_the_database_refuses_to_change_a_checkpoint() -> None:
    read(*records(4))
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditCheckpoint.objects.update(hash="")
