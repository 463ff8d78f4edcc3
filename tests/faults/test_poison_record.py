"""Records that no reader can apply: each is set aside with its key, the others go on; mended, it counts once."""

from __future__ import annotations

import io
import json
import uuid
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction

from messaging import kafka
from messaging.consuming.group import all_groups, get_group
from messaging.models import DeadLetter, Incident, OutboxRow, ParkedRecord
from messaging.names import full_topic
from orders.events import TOPIC, OrderReady
from orders.lifecycle import SYSTEM, lock_order, record
from tests.messaging.consuming.running import caught_up
from tests.messaging.streams import Record
from tests.system import running
from tests.waiting import wait_for

from .facts import place, tell, writing
from .hearing import applying
from .processes import await_ready, let_pass, started
from .promises import assert_kept
from .trials import FULL, Row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("namespace")]

#: All groups; the handler of metrics fails at the order argv[1].
FAILS_AT_ONE = """
from messaging.consuming import group as groups
real = groups.get_group("metrics")
def failing(events, *, generation):
    real.handler(events, generation=generation)
    if any(event.key == sys.argv[1] and event.sequence > 1 for event in events):
        raise ZeroDivisionError("this order divides by zero")
groups._groups["metrics"] = dataclasses.replace(real, handler=failing)
call_command("consume")
"""


def poisoned(order: uuid.UUID, spoil: Any) -> tuple[Record, Record]:
    """The order's next fact as it should have been sent, taken out of the outbox, and as it was sent instead."""
    with transaction.atomic():
        fact = record(lock_order(order), OrderReady, by=SYSTEM)
        row = OutboxRow.objects.get(message_id=fact.event_id)
        row.delete()
    whole = Record(
        str(order), row.sequence, value=bytes(row.payload), type=row.type, event_id=fact.event_id, time=row.time
    )
    spoilt = Record(
        str(order), row.sequence, value=spoil(bytes(row.payload)), type=row.type, event_id=fact.event_id, time=row.time
    )
    return whole, spoilt


def without_a_field(payload: bytes) -> bytes:
    return json.dumps({name: value for name, value in json.loads(payload).items() if name != "restaurant_id"}).encode()


#: 2 MB once unpacked: the broker's limit is on what is sent.
def two_megabytes(payload: bytes) -> bytes:
    return b'{"order_id": "' + b"x" * 2_000_000


SPOILS = {"bad JSON": lambda payload: payload[:-9], "missing field": without_a_field, "2 MB": two_megabytes}


def send(*records: Record) -> None:
    """As another program might: packed, and larger than this one would send."""
    producer = kafka.producer(compression_type="gzip", max_request_size=4_000_000)
    try:
        for one in records:
            headers, value = one.parts()
            producer.send(full_topic("orders.events"), key=one.key.encode(), value=value, headers=headers).get(20)
    finally:
        kafka.discard(producer)


@pytest.mark.fault(8, "poison records: bad JSON, unknown type, missing field, 2 MB, one that its handler cannot apply")
def test_row_8_poison_holds_its_own_key_alone(fault: Row) -> None:
    *others, bad_json, missing, large, indigestible = place(24)
    seconds, bearable = (10, 0.25) if FULL else (2.5, 2.0)
    with running("relay") as system, started("-c", FAILS_AT_ONE, str(indigestible), name="consume") as consume:
        await_ready(consume)
        wait_for(lambda: caught_up(get_group("metrics")), within=30, what="the group to catch up")
        for _ in fault.run(short=1, full=1):
            with writing(others, rate=100) as load:
                wait_for(lambda load=load: load.told > 100, within=30, what="the road to warm up")  # type: ignore[misc]
                with applying("metrics") as calm:
                    let_pass(seconds)
                mended: list[Record] = []
                with applying("metrics") as upset:
                    for order, spoil in zip((bad_json, missing, large), SPOILS.values(), strict=True):
                        whole, spoilt = poisoned(order, spoil)
                        mended.append(whole)
                        send(spoilt)
                    send(Record(str(uuid.uuid4()), 1, type="order.teleported"))
                    for order in (bad_json, missing, large, indigestible):
                        tell(order)
                    let_pass(seconds)

            victims = [(str(order), group) for group in readers() for order in (bad_json, missing, large)]
            wait_for(lambda: OutboxRow.objects.count() == 0, within=30, what="the relay to drain")
            expected = sorted([*victims, (str(indigestible), "metrics")])
            await_dead(expected)
            letter = DeadLetter.objects.get(key=str(large), group="audit")
            assert len(letter.body or b"") > 2_000_000
            # Behind a broken one its key's next fact waits; nobody else does.
            assert set(ParkedRecord.objects.values_list("key", flat=True)) == {key for key, _ in expected}
            # p99 of so few is the slowest dozen, which any busy moment of the machine makes: below this nobody waits.
            assert upset.percentile(99) <= max(2 * calm.percentile(99), bearable)

            # The sender is mended, and tells the broken facts again, whole
            send(*mended)
            await_dead([(str(indigestible), "metrics")])
            # The reader is mended
            consume.stop()
            with running("consume"):
                call_command("dead_letters", "redrive", "--all", "--road", "kafka", stdout=io.StringIO())
                await_dead([])
                tell(indigestible)
                assert_kept()
    assert system["relay"].returncode == 0
    assert set(DeadLetter.objects.values_list("state", flat=True)) == {"redriven"}
    assert not Incident.objects.filter(resolved_at=None).exists()
    fault.measures["p99 of the others"] = (
        f"{upset.percentile(99) * 1000:.0f} ms beside {calm.percentile(99) * 1000:.0f} without poison"
    )


def readers() -> list[str]:
    """Groups that read the data of such facts: others pass over them, broken or whole."""
    return [
        group.name
        for group in all_groups()
        if TOPIC in group.topics and (group.types is None or OrderReady.type in group.types)
    ]


def await_dead(expected: list[tuple[str, str]]) -> None:
    """Wait until the open dead letters are those of these keys and groups, and no other."""

    def are_these() -> bool:
        found = sorted(DeadLetter.objects.filter(state="open", road="kafka").values_list("key", "group"))
        assert found == expected, found
        return True

    wait_for(are_these, within=30, what=f"{len(expected)} dead letters")
