"""Kafka Connect standalone with Debezium on the same outbox table, tuned as its manual advises."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import outbox
from benchmarks.processes import cpu
from config.embedded import maven
from config.embedded.java import java_home
from config.embedded.ports import choose_port

PINS = Path(__file__).with_name("maven.toml")
TOPIC = "debezium"
#: Seconds for Connect and its connector to come up.
PATIENCE = 90.0

#: Large batches and a short poll, from the connector's and the producer's documentation; acknowledgements as ours.
WORKER = {
    "key.converter": "org.apache.kafka.connect.storage.StringConverter",
    "value.converter": "io.debezium.converters.BinaryDataConverter",
    "offset.flush.interval.ms": "1000",
    "producer.acks": "all",
    "producer.linger.ms": "2",
    "producer.batch.size": "262144",
    "producer.buffer.memory": "67108864",
}
CONNECTOR = {
    "name": "outbox",
    "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
    "tasks.max": "1",
    "plugin.name": "pgoutput",
    "slot.name": "debezium",
    "publication.autocreate.mode": "filtered",
    "table.include.list": "public.messaging_outboxrow",
    "topic.prefix": "bench",
    "snapshot.mode": "no_data",
    "tombstones.on.delete": "false",
    "skipped.operations": "u,d,t",
    "binary.handling.mode": "bytes",
    "max.batch.size": "16384",
    "max.queue.size": "65536",
    "poll.interval.ms": "5",
    "transforms": "outbox",
    "transforms.outbox.type": "io.debezium.transforms.outbox.EventRouter",
    "transforms.outbox.table.field.event.id": "message_id",
    "transforms.outbox.table.field.event.key": "key",
    "transforms.outbox.table.field.event.payload": "payload",
    "transforms.outbox.route.by.field": "destination",
    "transforms.outbox.table.fields.additional.placement": (
        "type:header:ce_type,sequence:header:ce_sequence,time:header:ce_time,recorded_at:header:ce_recordedat"
    ),
}


class CannotRun(RuntimeError):
    """The rival could not be had or started: why, and its log."""


@contextlib.contextmanager
def connect() -> Iterator[subprocess.Popen[bytes]]:
    """Kafka Connect with the connector running and its replication slot active."""
    from messaging.names import full_topic

    jars = maven.classpath(maven.load_program("debezium", pins=PINS))
    port = choose_port()
    database = urlsplit(os.environ["DATABASE_URL"])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        worker = WORKER | {
            "bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"],
            "listeners": f"http://127.0.0.1:{port}",
            "offset.storage.file.filename": str(folder / "offsets"),
        }
        connector = CONNECTOR | {
            "database.hostname": database.hostname or "",
            "database.port": str(database.port),
            "database.user": database.username or "",
            "database.password": database.password or "",
            "database.dbname": database.path.strip("/"),
            "transforms.outbox.route.topic.replacement": full_topic(TOPIC),
        }
        for file, values in (("worker", worker), ("connector", connector)):
            (folder / file).write_text("".join(f"{key}={value}\n" for key, value in values.items()))
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [
                    *(str(java_home() / "bin" / "java"), "-Xmx1g", "-XX:-UsePerfData", f"-Djava.io.tmpdir={folder}"),
                    *("-cp", ":".join(map(str, jars)), "org.apache.kafka.connect.cli.ConnectStandalone"),
                    *(str(folder / "worker"), str(folder / "connector")),
                ],
                cwd=folder,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            _await_running(process, port, folder / "log")
            yield process
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(15)
            process.kill()
            process.wait()


def _await_running(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    from django.db import connection

    deadline = time.monotonic() + PATIENCE
    state = ""
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, OSError):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/connectors/outbox/status", timeout=2) as answer:
                state = json.dumps(status := json.load(answer))
            if "FAILED" in state:
                break
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'debezium' AND active")
                if status["tasks"] and cursor.fetchone()[0] == 1:
                    return
        time.sleep(0.2)
    raise CannotRun(f"Debezium did not start: {state}\n{log.read_text(errors='replace')[-3000:]}")


def measure(events: int, singles: int, latency: Callable[[str, int], tuple[float, float]]) -> dict[str, float]:
    """Events a second from the commit of a full outbox until its topic has all; then the latency of single commits.

    Raises:
        CannotRun, config.embedded.errors.EmbeddedError: it could not be started, or its jars not be had.
    """
    from messaging.names import full_topic

    outbox.make_topic(TOPIC)
    with connect() as process:
        _drain(full_topic(TOPIC), 8000)  # The Java runtime has compiled what it needs after that.
        busy = cpu([process])
        rate = _drain(full_topic(TOPIC), events)
        used = (cpu([process]) - busy) * 1e6 / events
        median, p99 = latency(full_topic(TOPIC), singles)
    return {"rate": rate, "cpu": used, "median": median, "p99": p99}


def _drain(topic: str, events: int) -> float:
    with outbox.ends(topic) as end:
        before = end()
        began = outbox.prefill(events)
        while (there := end() - before) < events:
            if time.perf_counter() - began > 300:
                raise CannotRun(f"{there} of {events} events within 300 s")
            time.sleep(0.03)
        return events / (time.perf_counter() - began)
