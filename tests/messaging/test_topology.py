from __future__ import annotations

import contextlib
import io
import json
from typing import Any

import pytest
from django.core.management import call_command

from messaging import kafka, topology
from messaging.names import QUEUES, full_queue, full_topic
from messaging.sqs.client import QueueMissing, queue_url, shared_client
from tests.waiting import wait_for


@pytest.fixture
def made(namespace: str) -> str:
    topology.apply()
    return namespace


def run(*arguments: str) -> tuple[int, dict[str, Any]]:
    out = io.StringIO()
    code = 0
    try:
        call_command("topology", "--json", *arguments, stdout=out)
    except SystemExit as end:
        code = int(end.code or 0)
    return code, json.loads(out.getvalue())


def test_every_command_has_a_declared_queue_and_every_event_a_declared_topic() -> None:
    from messaging.envelope import registered_types

    assert set(QUEUES.values()) == {queue.name for queue in topology.queues()}
    topics = {topic.name for topic in topology.topics()}
    assert {cls.topic for cls in registered_types().values() if cls.topic} <= topics


def test_check_names_what_is_missing_and_makes_nothing(namespace: str) -> None:
    code, report = run("--check")
    assert code == 1 and not report["ok"]
    assert {change["what"] for change in report["changes"]} == {"create"}
    assert len(report["changes"]) == 2 * len(topology.queues()) + len(topology.topics())
    with pytest.raises(QueueMissing, match="topology"):
        queue_url("payments")


def test_it_makes_what_is_declared_and_a_second_run_finds_nothing_to_do(made: str, settings: Any) -> None:
    assert run() == (0, {"ok": True, "changes": []})
    attributes = shared_client().get_queue_attributes(QueueUrl=queue_url("payments"), AttributeNames=["All"])[
        "Attributes"
    ]
    assert attributes["VisibilityTimeout"] == str(settings.VISIBILITY_SECONDS)
    policy = json.loads(attributes["RedrivePolicy"])
    assert policy["deadLetterTargetArn"].endswith(f":{full_queue('payments-dead')}")
    assert int(policy["maxReceiveCount"]) == settings.MAX_RECEIVES
    with contextlib.closing(kafka.admin()) as admin:
        (topic,) = admin.describe_topics([full_topic("orders.events")])
    assert len(topic["partitions"]) == settings.KAFKA_ORDER_PARTITIONS


def test_drift_is_reported_then_corrected(made: str, settings: Any) -> None:
    settings.VISIBILITY_SECONDS += 1
    settings.MAX_RECEIVES += 1
    code, report = run("--check")
    names = [change["name"] for change in report["changes"]]
    assert code == 1
    # The visibility timeout and the redrive policy of each.
    assert names == [full_queue(queue.name) for queue in topology.queues() for _ in range(2)]
    code, report = run()
    assert code == 0 and all(change["applied"] for change in report["changes"])
    assert run("--check") == (0, {"ok": True, "changes": []})


def test_a_topic_that_forgets_is_found_and_mended(made: str) -> None:
    from kafka.admin import ConfigResource, ConfigResourceType

    name = full_topic("orders.events")
    with contextlib.closing(kafka.admin()) as admin:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs={"retention.ms": "60000"})])

    def noticed() -> dict[str, Any]:
        code, report = run("--check")
        assert code == 1
        return report

    # The broker answers an alteration before it shows it.
    report = wait_for(noticed, within=10, what="the alteration to be noticed")
    assert report["changes"] == [{"kind": "topic", "name": name, "what": "retention.ms: 60000 → -1", "applied": False}]
    assert run()[0] == 0
    wait_for(lambda: run("--check")[0] == 0, within=10, what="the mending to show")


def test_another_number_of_partitions_is_named_and_left_alone(made: str, settings: Any) -> None:
    settings.KAFKA_ORDER_PARTITIONS += 4
    code, report = run()
    assert code == 1
    assert [change["what"][:11] for change in report["changes"]] == ["partitions:", "partitions:"]
    assert not any(change["applied"] for change in report["changes"])
