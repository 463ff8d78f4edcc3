"""A worker whose database goes away for longer than a message's tries would last."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from config.embedded.stack import Stack
from messaging.models import TaskRun
from messaging.sqs.gate import Gate
from tests.faults.processes import let_pass
from tests.waiting import wait_for

from .workers import Worker, depth, post


@contextmanager
def nobody_let_in(stack: Stack) -> Iterator[None]:
    """PostgreSQL takes no connection to this test's database, and has ended those there were."""
    name = connection.settings_dict["NAME"]
    connection.close()
    with psycopg.connect(stack.postgres.url("postgres"), autocommit=True) as session:
        session.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
        session.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        try:
            yield
        finally:
            session.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_nothing_is_received_while_the_database_is_away(queues: None, stack: Stack, tmp_path: Path, pool: str) -> None:
    with Worker(tmp_path, pool=pool) as worker:
        # given: a database that went away, which a first command was to learn
        with nobody_let_in(stack):
            first = post("alerts.note", text="first")
            wait_for(lambda: "nothing is received" in worker.logged(), within=20, what="the worker to notice")
            # when: more comes, and it stays away for longer than three tries would last
            second = post("alerts.note", text="second")
            let_pass(4)
            # then: both lie on their queue
            assert depth("alerts") == (2, 0)
        # and are done when it is back
        done = TaskRun.objects.filter(outcome=TaskRun.Outcome.SUCCEEDED)
        wait_for(lambda: done.count() == 2, within=20, what="both commands")
    # The second may have come by a poll that was on its way already.
    tries = {str(task): count for task, count in done.values_list("task_id", "receive_count")}
    assert tries[first] == 2 and tries[second] <= 2


@pytest.mark.django_db(transaction=True)
def test_without_the_gate_an_outage_sends_commands_to_the_dead_letters(
    queues: None, stack: Stack, tmp_path: Path
) -> None:
    """The mutation: nothing else stops it."""
    with Worker(tmp_path, app="tests.messaging.sqs.ungated"), nobody_let_in(stack):
        post("alerts.note", text="first")
        wait_for(lambda: depth("alerts-dead") == (1, 0), within=30, what="the dead letter")


class Thing:
    """What a gate asks for."""

    def __init__(self) -> None:
        self.there = False
        self.looks = 0

    def answers(self) -> bool:
        self.looks += 1
        return self.there


def test_a_gate_closes_where_a_doubt_is_borne_out_and_opens_at_an_answer() -> None:
    thing = Thing()
    gate = Gate(thing.answers, every=0.01)
    gate.doubt()
    wait_for(lambda: not is_open(gate), within=5, what="the gate to close")
    thing.there = True
    wait_for(lambda: is_open(gate), within=5, what="the gate to open")


def test_what_answered_a_moment_ago_is_not_asked_again() -> None:
    thing = Thing()
    thing.there = True
    gate = Gate(thing.answers, every=60)
    gate.doubt()
    wait_for(lambda: not gate._looking and thing.looks == 1, within=5, what="the look")
    gate.doubt()
    assert is_open(gate) and thing.looks == 1


def is_open(gate: Gate) -> bool:
    return not gate.closed
