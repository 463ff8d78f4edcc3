"""A read model built again from the stream is the live one, and the live one goes on meanwhile."""

from __future__ import annotations

import io
import json
import threading

import pytest
from django.core.management import CommandError, call_command
from kafka.errors import KafkaError

from analytics.models import AuditEntry, MinuteCount, OrderFact
from messaging.consuming.batch import apply_batch
from messaging.consuming.compare import rebuild_and_compare
from messaging.consuming.group import all_groups
from messaging.consuming.parked import discard_record
from messaging.consuming.positions import SCRATCH, live_number
from messaging.consuming.replay import CannotReplay, Progress, begin_generation, replay, swap
from messaging.models import DeadLetter, Generation, ParkedRecord, StoredOffset, StreamSequence
from tests.messaging.streams import Record, a_key, delete_topic, make_topic, produce
from tests.waiting import wait_for

from .running import make_topics, metrics, running, wait_until_caught_up
from .test_effect_once import a_batch

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("namespace")]


def rows_of(generation: int) -> list[tuple[object, ...]]:
    return sorted(OrderFact.objects.filter(generation=generation).values_list("order_id", "status", "sequence"))


def test_replay_gives_what_the_live_model_holds_while_the_live_one_runs_on() -> None:
    group = metrics()
    make_topics(group)
    keys = [a_key() for _ in range(20)]
    produce([Record(key, n) for n in range(1, 6) for key in keys])
    more, stop = threading.Event(), threading.Event()
    late = [a_key() for _ in range(30)]

    def go_on() -> None:
        for key in late:
            produce([Record(key, 1)])
            more.set()
        stop.set()

    with running(group):
        wait_until_caught_up(group)
        assert live_number("metrics") == 1
        writer = threading.Thread(target=go_on)
        writer.start()
        assert more.wait(20)
        progress = replay(group)
        writer.join()
        wait_until_caught_up(group)

        assert progress.events >= 101
        assert live_number("metrics") == 2
        assert len(rows_of(2)) == 50 and rows_of(1) == []
        assert rebuild_and_compare(group) == []
        # And the live consumer writes the new generation by itself
        produce([Record(keys[0], 6)])
        wait_for(lambda: (2, 6) in set(OrderFact.objects.values_list("generation", "sequence")), within=10, what="6")
    assert Generation.objects.get(group="metrics", state="live").number == 2
    for model in (StoredOffset, StreamSequence):
        assert set(model.objects.values_list("generation", flat=True)) == {2}


def test_the_swap_waits_until_the_new_generation_is_not_behind() -> None:
    group = metrics()
    apply_batch(group, a_batch(Record(a_key()), Record(a_key())))
    number = begin_generation(group)
    assert swap(group, number) is None and live_number("metrics") == 1
    apply_batch(group, a_batch(Record(a_key())), generation=number)
    assert swap(group, number) is None
    apply_batch(group, a_batch(Record(a_key()), start=1), generation=number)
    assert swap(group, number) == 1 and live_number("metrics") == 2


def test_a_dry_run_names_a_row_that_the_stream_does_not_give_and_leaves_nothing() -> None:
    group = metrics()
    make_topics(group)
    key = a_key()
    produce([Record(key, 1), Record(key, 2)])
    with running(group):
        wait_until_caught_up(group)
    out = io.StringIO()
    call_command("replay", "metrics", "--dry-run", "--json", stdout=out)
    assert json.loads(out.getvalue())["differences"] == []

    MinuteCount.objects.update(orders=7)

    found = rebuild_and_compare(group)
    assert [(one.table, one.only_in, one.row["orders"]) for one in found] == [
        ("analytics_minutecount", "live", 7),
        ("analytics_minutecount", "rebuilt", 2),
    ]
    with pytest.raises(CommandError, match="does not give"):
        call_command("replay", "metrics", "--dry-run", stdout=out)
    for model in (StoredOffset, StreamSequence, OrderFact, MinuteCount):
        assert not model.objects.filter(generation=SCRATCH).exists()


def test_every_group_of_the_project_can_be_rebuilt() -> None:
    make_topic(*{topic for group in all_groups() for topic in group.topics})
    keys = [a_key() for _ in range(5)]
    produce([Record(key, n) for n in (1, 2) for key in keys])
    groups = [group for group in all_groups() if group.replayable]
    assert {"metrics", "audit", "recommendations"} <= {group.name for group in groups}
    for group in groups:
        with running(group):
            wait_until_caught_up(group)
    out = io.StringIO()
    call_command("replay", "--all", "--json", stdout=out)
    outcomes = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [(one["group"], one["generation"]) for one in outcomes] == [(group.name, 2) for group in groups]
    for group in groups:
        assert rebuild_and_compare(group) == []
    # The audit's first generation stands: its trigger would not let it go.
    assert AuditEntry.objects.filter(generation=1).count() == AuditEntry.objects.filter(generation=2).count() == 10


def test_replay_decides_as_the_person_did() -> None:
    """A discarded dead letter stays passed over, and its key goes on behind it."""
    group = metrics()
    make_topics(group)
    key = a_key()
    produce([Record(key, 1), Record(key, 2, value=b"{"), Record(key, 3)])
    with running(group):
        wait_until_caught_up(group)
    discard_record(ParkedRecord.objects.get(sequence=2))
    assert StreamSequence.objects.get(key=key).last_sequence == 3
    replay(group)
    assert StreamSequence.objects.get(key=key).last_sequence == 3
    assert not ParkedRecord.objects.exists() and DeadLetter.objects.get().state == "discarded"


def test_a_group_with_outside_effects_refuses() -> None:
    with pytest.raises(CannotReplay, match="outside its tables"):
        replay(metrics(replayable=False))


def test_a_killed_replay_leaves_the_live_model_and_is_cleared_by_the_next() -> None:
    group = metrics()
    make_topics(group)
    produce([Record(a_key()) for _ in range(8)])
    with running(group):
        wait_until_caught_up(group)

    def die(progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replay(group, report=die)
    assert live_number("metrics") == 1 and len(rows_of(1)) == 8
    replay(group)
    assert live_number("metrics") == 3 and len(rows_of(3)) == 8
    assert set(OrderFact.objects.values_list("generation", flat=True)) == {3}


def test_a_replay_whose_commits_a_crash_took_says_so_and_leaves_the_live_model() -> None:
    """Its commits need not have reached the disk: the stored offset is then behind what was read."""
    group = metrics()
    make_topics(group)
    keys = [a_key() for _ in range(8)]
    produce([Record(key) for key in keys])
    with running(group):
        wait_until_caught_up(group)

    def lose(progress: Progress) -> None:
        if StoredOffset.objects.filter(generation=2, position__gt=0).update(position=0):
            produce([Record(key, 2) for key in keys])

    with pytest.raises(CannotReplay, match="lost its last commits"):
        replay(group, report=lose)
    assert live_number("metrics") == 1 and len(rows_of(1)) == 8
    replay(group)
    assert live_number("metrics") == 3 and len(rows_of(3)) == 8
    assert set(OrderFact.objects.values_list("generation", flat=True)) == {3}


@pytest.mark.parametrize("meanwhile", ["stopped", "running"])
def test_a_topic_deleted_and_made_again_is_read_from_its_start_and_nothing_twice(meanwhile: str) -> None:
    group = metrics()
    make_topic()
    keys = [a_key() for _ in range(6)]
    told = [Record(key, 1, partition=0) for key in keys]
    produce(told)
    with running(group, metadata_max_age_ms=500):
        wait_until_caught_up(group)
        if meanwhile == "running":
            _remake_and_tell(told, keys)
            wait_for(lambda: _applied_all(12), within=40, what="the new topic to be applied")
    if meanwhile == "stopped":
        _remake_and_tell(told, keys)
        with running(group):
            wait_for(lambda: _applied_all(12), within=40, what="the new topic to be applied")
    assert sorted(OrderFact.objects.values_list("sequence", flat=True)) == [2] * 6
    assert sum(MinuteCount.objects.values_list("orders", flat=True)) == 12
    assert not DeadLetter.objects.exists() and not ParkedRecord.objects.exists()


def _applied_all(records: int) -> bool:
    row = StoredOffset.objects.get(group="metrics", partition=0)
    return row.position == records and sum(MinuteCount.objects.values_list("orders", flat=True)) == records


def _remake_and_tell(told: list[Record], keys: list[str]) -> None:
    """The new topic tells the old facts again, and more: its offsets overtake the stored one."""
    delete_topic()
    wait_for(_remade, within=30, what="the topic to be made again")
    produce([*told, *(Record(key, 2, partition=0) for key in keys)])


def _remade() -> bool:
    try:
        make_topic()
    except KafkaError:
        return False  # The old one is still being deleted.
    return True
