"""Making Kafka's topics what the topology declares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from kafka import errors as kafka_errors
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from . import kafka
from .names import full_topic
from .topology import Change, Topic


def align_topics(topics: Iterable[Topic], *, change: bool) -> Iterator[Change]:
    """Create what is missing and correct configurations; a wrong number of partitions is named, never changed."""
    declared = {full_topic(topic.name): topic for topic in topics}
    client = kafka.admin()
    try:
        present = _partitions(client, declared)
        missing = {name: topic for name, topic in declared.items() if name not in present}
        if missing and change:
            _create(client, missing)
        for name in missing:
            yield Change("topic", name, "create", applied=change)
        configs = _configs(client, present)
        for name, partitions in present.items():
            topic = declared[name]
            if partitions != topic.partitions:
                what = f"partitions: {partitions}, declared {topic.partitions}; keys would move, so make a new topic"
                yield Change("topic", name, what, applied=False)
            # A value that the broker reports only when it was changed reads as absent here: set it all the same.
            different = {key: value for key, value in topic.configs().items() if configs[name].get(key) != value}
            if different and change:
                client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs=different)])
            for key, value in different.items():
                yield Change("topic", name, f"{key}: {configs[name].get(key)} → {value}", applied=change)
    finally:
        client.close()


def _partitions(client: KafkaAdminClient, names: Iterable[str]) -> dict[str, int]:
    """How many partitions each of these topics has; absent ones are left out."""
    wanted = set(names)
    present = [name for name in client.list_topics() if name in wanted]
    described: list[dict[str, Any]] = client.describe_topics(present) if present else []
    return {entry["name"]: len(entry["partitions"]) for entry in described}


def _configs(client: KafkaAdminClient, names: Iterable[str]) -> dict[str, dict[str, str]]:
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    if not resources:
        return {}
    described = client.describe_configs(resources, config_filter="all")
    values = next(iter(described.values()))
    return {
        name: {key: str(entry["value"] if isinstance(entry, dict) else entry) for key, entry in configs.items()}
        for name, configs in values.items()
    }


def _create(client: KafkaAdminClient, missing: dict[str, Topic]) -> None:
    try:
        client.create_topics(
            {
                name: {
                    "num_partitions": topic.partitions,
                    "replication_factor": settings.KAFKA_REPLICATION_FACTOR,
                    "configs": topic.configs(),
                }
                for name, topic in missing.items()
            },
            wait_for_metadata=True,
        )
    except kafka_errors.TopicAlreadyExistsError:
        # Somebody else applies the same topology at this moment; the next run compares.
        return
