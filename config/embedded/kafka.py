"""Apache Kafka 4 in KRaft mode: one node that is broker and controller."""

import base64
import shutil
import socket
import struct
import subprocess
import uuid
from pathlib import Path

from .errors import EmbeddedError
from .java import java_command
from .ports import HOST
from .process import Child
from .server import Server

SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "CLIENT",
    # A misspelt topic must fail, not appear: `topology` declares them all.
    "auto.create.topics.enable": "false",
    # One node: the defaults ask for three copies and fifty partitions of the internal topics.
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "2",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    # The first member of a group would wait 3 s for others.
    "group.initial.rebalance.delay.ms": "0",
    # After a kill the node must wait until its own old registration expires: 9 s by default.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
    "num.network.threads": "2",
    "num.io.threads": "4",
    "background.threads": "4",
}


LOG_OPTIONS = [
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS",
]


class Kafka(Server):
    name = "kafka"
    heap = "384m"

    def __init__(self, home: Path, *, port: int, controller_port: int) -> None:
        super().__init__(home, port=port)
        self.controller_port = controller_port
        self.cluster_id = new_cluster_id()

    @property
    def data(self) -> Path:
        return self.home / "kafka"

    def bootstrap_servers(self) -> str:
        return f"{HOST}:{self.port}"

    def prepare(self) -> Child:
        self.data.mkdir(parents=True, exist_ok=True)
        properties = self.data / "server.properties"
        properties.write_text("".join(f"{name}={value}\n" for name, value in self.settings().items()))
        formatted = self.data / "formatted"
        if not formatted.exists():
            shutil.rmtree(self.data / "log", ignore_errors=True)
            self.format(properties)
            formatted.touch()
        return Child(self.name, self.java("kafka.Kafka", properties), home=self.home, cwd=self.data)

    def settings(self) -> dict[str, str]:
        return SETTINGS | {
            "log.dirs": str(self.data / "log"),
            # Static voters, not the dynamic quorum: that one stores the port, which may change between runs.
            "controller.quorum.voters": f"1@{HOST}:{self.controller_port}",
            "listeners": f"CLIENT://{HOST}:{self.port},CONTROLLER://{HOST}:{self.controller_port}",
            "advertised.listeners": f"CLIENT://{HOST}:{self.port}",
        }

    def java(self, main: str, *arguments: str | Path) -> list[str]:
        return java_command(
            "kafka",
            main,
            *arguments,
            heap=self.heap,
            scratch=self.home / "tmp",
            options=LOG_OPTIONS,
        )

    def format(self, properties: Path) -> None:
        command = self.java("kafka.tools.StorageTool", "format", "-t", self.cluster_id, "-c", properties)
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode != 0:
            raise EmbeddedError(f"Kafka's storage could not be formatted in {self.data}: {result.stderr[-2000:]}")

    def ready(self) -> bool:
        return brokers_known_to(self.port) > 0


def new_cluster_id() -> str:
    """An id for a cluster, the same for all its nodes."""
    cluster = "-"
    # The tool would take an id that starts with a hyphen for an option: one start in 64 would fail.
    while cluster.startswith("-"):
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return cluster


def brokers_known_to(port: int) -> int:
    """How many live brokers the node names in a Metadata answer; 0 while it does not answer.

    Asked over a bare socket: a client library that meets a closed port waits out its own back-off of seconds. The
    socket opens a moment before the broker is unfenced, so an open port alone is not readiness.
    """
    body = struct.pack(">hhih", 3, 1, 1, -1) + struct.pack(">i", 0)
    try:
        with socket.create_connection((HOST, port), timeout=2) as connection:
            connection.sendall(struct.pack(">i", len(body)) + body)
            with connection.makefile("rb") as answer:
                (size,) = struct.unpack(">i", answer.read(4))
                _correlation, brokers = struct.unpack(">ii", answer.read(size)[:8])
                return int(brokers)
    except (OSError, struct.error):
        return 0
