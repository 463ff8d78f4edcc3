"""The relay killed, stopped or starved at the worst moment: what was committed is told, and each effect is single."""

from __future__ import annotations

import contextlib
import statistics
import threading
import time
import uuid
from collections.abc import Iterator

import pytest
from django.db import connection, connections, transaction

from config.verify.streams import read_stream
from messaging.models import OutboxRow
from orders.models import OrderHistory
from tests.system import running
from tests.waiting import wait_for

from .facts import Writing, place, tell, tell_many, writing
from .hearing import hearing
from .processes import lanes, let_pass, run_to_death, started
from .promises import assert_kept
from .trials import FULL, Row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("namespace")]

#: Ends itself at the delete number argv[1]: what that was to delete has been acknowledged.
DIES_BEFORE_A_DELETE = """
from messaging.relay import rows
left, delete = int(sys.argv[1]), rows.delete
def delete_or_die(*arguments):
    global left
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    delete(*arguments)
rows.delete = delete_or_die
call_command("relay", "--road", "kafka", "--batch", "400", "--sessions", "1")
"""


def empty() -> bool:
    return not OutboxRow.objects.filter(road="kafka").exists()


@pytest.mark.fault(10, "the relay is killed between acknowledgement and delete")
def test_row_10_killed_between_acknowledgement_and_delete(fault: Row) -> None:
    orders = place(40)
    told = wasted = 0
    with running("consume"):
        for chance in fault.run(short=2, full=50):
            deletes = chance.randint(0, 2)
            # A lane takes part in a batch with 50 rows at most, so that each delete has at most 400.
            told += tell_many(orders, facts=chance.randint(1, 5) + 10 * deletes)
            before = OutboxRow.objects.filter(road="kafka").count()
            run_to_death(DIES_BEFORE_A_DELETE, str(deletes))
            assert 0 < OutboxRow.objects.filter(road="kafka").count() <= before
            wait_for(lambda: not lanes(), within=10, what="the dead relay's lanes to be free")
        with running("relay"):
            assert_kept()
        wasted = read_stream().repeats
    # Each death left acknowledged rows behind: the repeats prove that the fault was met.
    assert wasted >= fault.passed
    fault.measures["sent twice"] = f"{wasted} of {told} events"


@pytest.mark.fault(11, "the relay is stopped past takeover by another, then continued")
def test_row_11_stopped_past_takeover_and_continued(fault: Row) -> None:
    orders = place(16)
    takeovers: list[float] = []
    relay = ("relay", "--road", "kafka", "--idle-seconds", "1")
    with running("consume"), started(*relay, name="first") as first, started(*relay, name="second") as second:
        wait_for(lambda: sorted(lanes().values()) == [2, 2, 2, 2], within=60, what="the two to share the lanes")
        with writing(orders, rate=200) as load:
            for chance in fault.run(short=2, full=20):
                stopped = chance.choice([first, second])
                await_more(load, chance.randint(1, 40))
                stopped.pause()
                began = time.monotonic()
                wait_for(lambda: list(lanes().values()) == [4, 4], within=40, what="the other to take over")
                takeovers.append(time.monotonic() - began)
                # What the stopped one held back is told by the other, and more
                await_sent()
                stopped.resume()
                wait_for(
                    lambda: sorted(lanes().values()) == [2, 2, 2, 2], within=40, what="the lanes to be shared again"
                )
        assert_kept()
        repeats = read_stream().repeats
    fault.measures["taken over after"] = f"{statistics.median(takeovers):.1f} s (at most {max(takeovers):.1f})"
    fault.measures["sent twice"] = f"{repeats} of {OrderHistory.objects.count()} events"


def await_more(load: Writing, facts: int) -> None:
    """Wait until so many more facts are told."""
    goal = load.told + facts
    wait_for(lambda: load.told >= goal, within=40, what=f"{facts} more facts")


def await_sent() -> None:
    """Wait until every event that is owed now has left."""
    newest = OutboxRow.objects.filter(road="kafka").order_by("-pk").values_list("pk", flat=True).first() or 0
    wait_for(
        lambda: not OutboxRow.objects.filter(road="kafka", pk__lte=newest).exists(),
        within=40,
        what="the lanes to drain",
    )


@contextlib.contextmanager
def held_open(order: uuid.UUID) -> Iterator[None]:
    """A transaction that has told a fact, and drawn its outbox id, and does not end before the block does."""
    drawn, end = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                # The settings would end it after a while, which is one guard more than this row is about.
                cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
                tell(order)
                drawn.set()
                assert end.wait(300)
        finally:
            connections.close_all()

    thread = threading.Thread(target=hold, name="holding")
    thread.start()
    try:
        assert drawn.wait(10)
        yield
    finally:
        end.set()
        thread.join()


@pytest.mark.fault(18, "a transaction is held open for 60 s under load")
def test_row_18_a_transaction_held_open_holds_up_nobody_else(fault: Row) -> None:
    held, *others = place(17)
    with running("relay", "consume"):
        wait_for(empty, within=60, what="the relay to drain what came before")
        for _ in fault.run(short=1, full=1):
            with hearing() as heard:
                with held_open(held), writing(others, rate=200) as load:
                    let_pass(60 if FULL else 4)
                    wait_for(lambda: len(heard.latencies) >= load.told - 50, within=20, what="the others to be heard")
                    assert str(held) not in heard.keys
                    slow, usual = heard.percentile(99), heard.percentile(50)
                wait_for(lambda: str(held) in heard.keys, within=20, what="the late one, once it is committed")
            assert slow < (1.0 if FULL else 3.0)
        assert_kept()
    fault.measures["p99 of the others"] = f"{slow * 1000:.0f} ms (median {usual * 1000:.0f})"
