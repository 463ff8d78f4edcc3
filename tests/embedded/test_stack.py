"""The servers come up, answer, and come back after a crash with what they had promised to keep."""

import urllib.request

import psycopg

from config.embedded.kafka import brokers_known_to
from config.embedded.stack import Stack


def test_each_server_answers_at_the_address_the_environment_gives(stack: Stack) -> None:
    with psycopg.connect(stack.env()["DATABASE_URL"]) as connection:
        row = connection.execute("show server_version_num").fetchone()
    assert row is not None
    assert row[0].startswith("18")
    assert stack.env()["KAFKA_BOOTSTRAP_SERVERS"] == f"127.0.0.1:{stack.kafka.port}"
    assert brokers_known_to(stack.kafka.port) == 1
    with urllib.request.urlopen(f"{stack.env()['SQS_ENDPOINT_URL']}/?Action=ListQueues", timeout=5) as answer:
        assert answer.status == 200


def test_commits_are_durable(stack: Stack) -> None:
    with psycopg.connect(stack.env()["DATABASE_URL"]) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            row = connection.execute(f"show {setting}").fetchone()
            assert row == ("on",), setting
