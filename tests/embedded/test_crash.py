"""Servers come back after a crash with what they had promised to keep; none outlives a supervisor that was killed."""

import os
import signal
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from config.embedded import paths
from config.embedded.errors import EmbeddedError
from config.embedded.kafka import brokers_known_to
from config.embedded.process import running
from config.embedded.stack import Stack, read_env, throwaway_stack
from tests.waiting import wait_for


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Servers of this module alone: the session's are in use by connections that a crash would break."""
    with throwaway_stack(tmp_path_factory.mktemp("own")) as stack:
        yield stack


def ask_sqs(stack: Stack, action: str, **parameters: str) -> str:
    body = urllib.parse.urlencode({"Action": action, **parameters}).encode()
    with urllib.request.urlopen(stack.sqs.url() + "/", data=body, timeout=10) as answer:
        return str(answer.read().decode())


def test_a_committed_row_survives_kill_9_of_postgres(own: Stack) -> None:
    with psycopg.connect(own.postgres.url()) as connection:
        connection.execute("create table kept as select 42 as answer")
    own.postgres.kill()
    own.postgres.start()
    with psycopg.connect(own.postgres.url()) as connection:
        assert connection.execute("select answer from kept").fetchall() == [(42,)]


def test_a_sent_message_survives_kill_9_of_sqs_and_a_deleted_one_stays_deleted(own: Stack) -> None:
    ask_sqs(own, "CreateQueue", QueueName="crash")
    queue = f"{own.sqs.url()}/000000000000/crash"
    ask_sqs(own, "SendMessage", QueueUrl=queue, MessageBody="deleted")
    received = ask_sqs(own, "ReceiveMessage", QueueUrl=queue)
    receipt = received.split("<ReceiptHandle>")[1].split("</ReceiptHandle>")[0]
    ask_sqs(own, "DeleteMessage", QueueUrl=queue, ReceiptHandle=receipt)
    ask_sqs(own, "SendMessage", QueueUrl=queue, MessageBody="kept")

    own.sqs.kill()
    own.sqs.start()

    received = ask_sqs(own, "ReceiveMessage", QueueUrl=queue, MaxNumberOfMessages="10")
    assert received.count("<Message>") == 1
    assert "<Body>kept</Body>" in received


def test_kafka_is_back_soon_after_kill_9(own: Stack) -> None:
    own.kafka.kill()
    assert brokers_known_to(own.kafka.port) == 0
    own.kafka.start()
    assert brokers_known_to(own.kafka.port) == 1


def test_a_second_stack_in_the_same_home_is_refused(own: Stack) -> None:
    with pytest.raises(EmbeddedError, match=f"{own.home} is in use by process {os.getpid()}"):
        Stack(own.home).start()


def test_no_server_outlives_a_supervisor_that_was_killed(tmp_path: Path) -> None:
    # given the bare servers, kept by a process of their own
    env = {**os.environ, "FORKROAD_HOME": str(tmp_path)}
    home = tmp_path / "stack"
    command = [sys.executable, "-m", "config.embedded"]
    try:
        with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True, cwd=paths.CHECKOUT) as keeper:
            assert keeper.stdout is not None
            address = Path(keeper.stdout.readline().strip())
            assert read_env(address)["KAFKA_BOOTSTRAP_SERVERS"].startswith("127.0.0.1:")
            servers = psutil.Process(keeper.pid).children(recursive=True)
            assert {process.name() for process in servers} >= {"postgres", "java"}
            # when it is killed
            keeper.kill()
        # then all of them end
        wait_for(
            lambda: not any(running(process) for process in servers),
            within=15,
            what=f"{[process.pid for process in servers]} to be gone",
        )
        # and the next one finds nothing in its way, and ends in order on SIGTERM
        with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True, cwd=paths.CHECKOUT) as keeper:
            assert keeper.stdout is not None
            assert Path(keeper.stdout.readline().strip()) == address
            keeper.send_signal(signal.SIGTERM)
            assert keeper.wait(30) == 0
        assert not home.exists()
    finally:
        paths.remove_data(home)
