from __future__ import annotations

import threading
import uuid

import pytest
from django.db import DatabaseError, connection

from messaging.models import TaskRun
from messaging.runs import Begun, Ended, Writer
from tests.waiting import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


def run(key: str = "k") -> Begun:
    return Begun(
        task_id=uuid.uuid4(), task="alerts.note", queue="alerts", key=key, receive_count=1, worker="w@host \u2603 '\\"
    )


def write_together(writer: Writer, entries: list[Begun | Ended]) -> list[Exception | None]:
    """Write each from a thread of its own, all of them arriving while another write is on its way."""

    def write(entry: Begun | Ended) -> None:
        try:
            writer.write(entry)
        except DatabaseError:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(entry,)) for entry in entries]
    with writer._writing:
        for thread in threads:
            thread.start()
        wait_for(lambda: len(writer._waiting) == len(entries), within=5, what="all threads to wait")
    for thread in threads:
        thread.join(10)
    return [entry.fault for entry in entries]


def commits() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT xmin::text) FROM messaging_taskrun")
        return int(cursor.fetchone()[0])


def test_threads_that_write_at_the_same_time_share_a_commit() -> None:
    writer = Writer()
    runs = [run(f"k{number}") for number in range(4)]
    assert write_together(writer, [*runs]) == [None] * 4
    assert commits() == 1
    rows = {row.id: row for row in TaskRun.objects.all()}
    assert {(rows[one.id].task_id, rows[one.id].key, rows[one.id].worker) for one in runs} == {
        (one.task_id, one.key, one.worker) for one in runs
    }
    assert {row.outcome for row in rows.values()} == {"running"}
    last = run("last")
    ends = [Ended(one.id, TaskRun.Outcome.SUCCEEDED, "") for one in runs[:3]]
    assert write_together(writer, [*ends, last]) == [None] * 4
    outcomes = dict(TaskRun.objects.values_list("key", "outcome"))
    assert outcomes == {"k0": "succeeded", "k1": "succeeded", "k2": "succeeded", "k3": "running", "last": "running"}
    assert TaskRun.objects.filter(finished_at__isnull=False).count() == 3


def test_two_copies_of_a_message_begun_together_end_each_for_itself() -> None:
    writer, first = Writer(), run()
    second = Begun(first.task_id, first.task, first.queue, first.key, first.receive_count, first.worker)
    assert write_together(writer, [first, second]) == [None, None]
    assert first.id != second.id
    writer.write(Ended(first.id, TaskRun.Outcome.SUCCEEDED, ""))
    assert sorted(TaskRun.objects.values_list("outcome", flat=True)) == ["running", "succeeded"]


def test_what_the_database_refuses_is_no_fault_of_the_others() -> None:
    writer = Writer()
    good, bad = run("good"), run("x" * 121)
    faults = write_together(writer, [good, bad])
    assert faults[0] is None and isinstance(faults[1], DatabaseError)
    assert list(TaskRun.objects.values_list("key", flat=True)) == ["good"]


def test_a_thread_alone_writes_at_once_and_is_told_of_a_fault() -> None:
    writer = Writer()
    one = run()
    writer.write(one)
    assert TaskRun.objects.get().id == one.id
    with pytest.raises(DatabaseError):
        writer.write(run("x" * 121))
    writer.write(Ended(one.id, TaskRun.Outcome.FAILED, "why: '\"\\ \u2603"))
    assert TaskRun.objects.values_list("outcome", "error").get() == ("failed", "why: '\"\\ \u2603")
