"""What the running system must answer: wherever it runs, as the settings name it."""

from __future__ import annotations

import socket
import time
import uuid
from contextlib import suppress
from urllib.parse import urlsplit

import boto3
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic

from .report import Check, Fault

#: Seconds by which the database's clock may differ: deadlines are the database's, logs and traces the machine's.
CLOCK_TOLERANCE = 2.0
PATIENCE = 15.0

FIXES = {
    "database": "Is DATABASE_URL right and the server up? `make demo` starts one.",
    "sqs": "Is SQS_ENDPOINT_URL right (empty for AWS), the server up, and may the AWS keys set here make queues?",
    "kafka": "Is KAFKA_BOOTSTRAP_SERVERS right, the broker up, and may this user make topics?",
}


def addresses() -> dict[str, tuple[str, int]]:
    """Host and port of each server the settings name; AWS itself has none to probe."""
    database = settings.DATABASES["default"]
    found = {"database": (str(database["HOST"] or "127.0.0.1"), int(database["PORT"] or 5432))}
    host, _, port = settings.KAFKA_BOOTSTRAP_SERVERS[0].rpartition(":")
    found["kafka"] = (host, int(port))
    if settings.SQS_ENDPOINT_URL:
        url = urlsplit(settings.SQS_ENDPOINT_URL)
        found["sqs"] = (url.hostname or "127.0.0.1", url.port or 80)
    return found


def anything_up() -> bool:
    """Whether any of the servers can be reached at all."""
    for address in addresses().values():
        with suppress(OSError), socket.create_connection(address, timeout=2):
            return True
    return False


def must_listen(name: str) -> None:
    """Spare the caller a client's long retries when nothing is there at all."""
    if address := addresses().get(name):
        try:
            socket.create_connection(address, timeout=5).close()
        except OSError as error:
            raise Fault(f"nothing answers at {address[0]}:{address[1]} ({error})", fix=FIXES[name]) from error


def database() -> str:
    must_listen("database")
    with connection.cursor() as cursor:
        cursor.execute("select current_setting('server_version'), current_setting('server_version_num')::int")
        version, number = cursor.fetchone()
        for setting in ("fsync", "synchronous_commit"):
            cursor.execute(f"show {setting}")
            if cursor.fetchone() == ("off",):
                raise Fault(f"{setting} is off", fix=f"Set {setting} = on: a crash would lose answered orders.")
    if number < 160000:
        raise Fault(f"PostgreSQL {version}", fix="Use PostgreSQL 16 or newer; 18 is what the tests run on.")
    return f"PostgreSQL {version}"


def migrations() -> str:
    must_listen("database")
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        names = ", ".join(f"{migration.app_label}.{migration.name}" for migration, _ in plan[:3])
        raise Fault(f"{len(plan)} not applied: {names}", fix="Run: python manage.py migrate")
    return "all applied"


def sqs() -> str:
    must_listen("sqs")
    client = boto3.client(
        "sqs",
        region_name=settings.AWS_REGION,
        endpoint_url=settings.SQS_ENDPOINT_URL or None,
        aws_access_key_id=settings.AWS_ACCESS_KEY_ID or None,
        aws_secret_access_key=settings.AWS_SECRET_ACCESS_KEY or None,
    )
    queue = client.create_queue(QueueName=scratch_name())["QueueUrl"]
    try:
        begun = time.monotonic()
        client.send_message(QueueUrl=queue, MessageBody="doctor")
        received = client.receive_message(QueueUrl=queue, WaitTimeSeconds=10).get("Messages", [])
        if [message.get("Body") for message in received] != ["doctor"]:
            raise Fault("a message was sent and did not come back", fix="See the SQS server's log.")
        return f"a message there and back in {1000 * (time.monotonic() - begun):.0f} ms"
    finally:
        client.delete_queue(QueueUrl=queue)


def kafka() -> str:
    must_listen("kafka")
    common = {"bootstrap_servers": settings.KAFKA_BOOTSTRAP_SERVERS, **settings.KAFKA_CLIENT}
    topic = scratch_name()
    admin = KafkaAdminClient(**common, request_timeout_ms=int(PATIENCE * 1000))
    try:
        admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=settings.KAFKA_REPLICATION_FACTOR)])
        try:
            return there_and_back(topic, common)
        finally:
            admin.delete_topics([topic])
    finally:
        admin.close()


def there_and_back(topic: str, common: dict[str, object]) -> str:
    producer = KafkaProducer(**common, delivery_timeout_ms=int(PATIENCE * 1000), request_timeout_ms=5000)
    consumer = KafkaConsumer(topic, **common, auto_offset_reset="earliest", group_id=None)
    try:
        begun = time.monotonic()
        producer.send(topic, b"doctor").get(timeout=PATIENCE)
        until = begun + PATIENCE
        while time.monotonic() < until:
            for records in consumer.poll(timeout_ms=500).values():
                if [record.value for record in records] == [b"doctor"]:
                    return f"a record there and back in {1000 * (time.monotonic() - begun):.0f} ms"
        raise Fault("a record was acknowledged and did not come back", fix="See the broker's log.")
    finally:
        producer.close()
        consumer.close()


def scratch_name() -> str:
    """Of a queue or topic that lives for one check; in the namespace, where permissions are usually given."""
    prefix = f"{settings.FORKROAD_NAMESPACE}-" if settings.FORKROAD_NAMESPACE else ""
    return f"{prefix}doctor-{uuid.uuid4().hex[:12]}"


def clock() -> str:
    must_listen("database")
    with connection.cursor() as cursor:
        before = time.time()
        cursor.execute("select extract(epoch from clock_timestamp())::float8")
        theirs = cursor.fetchone()[0]
        after = time.time()
    difference = abs(theirs - (before + after) / 2)
    if difference > CLOCK_TOLERANCE + (after - before):
        raise Fault(
            f"the database's clock differs by {difference:.1f} s",
            fix="Set both clocks by NTP (timedatectl set-ntp true).",
        )
    return f"within {1000 * difference:.0f} ms of the database's"


RUNNING = [
    Check("database", database, FIXES["database"]),
    Check("migrations", migrations, "Run: python manage.py migrate"),
    Check("sqs", sqs, FIXES["sqs"]),
    Check("kafka", kafka, FIXES["kafka"]),
    Check("clock", clock, FIXES["database"]),
]
