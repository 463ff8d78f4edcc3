"""Several Kafka nodes as one cluster, each broker and controller: for what a single node cannot show."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import paths
from .errors import EmbeddedError
from .kafka import Kafka, brokers_known_to, new_cluster_id
from .ports import HOST, choose_port


class Node(Kafka):
    """One node of a cluster; `number` counts from 1 and is the broker's id."""

    heap = "288m"

    def __init__(self, home: Path, *, number: int, port: int, voters: dict[int, int], cluster_id: str) -> None:
        super().__init__(home, port=port, controller_port=voters[number])
        self.name = f"kafka-{number}"
        self.number = number
        self.voters = voters
        self.cluster_id = cluster_id

    @property
    def data(self) -> Path:
        return self.home / self.name

    def settings(self) -> dict[str, str]:
        copies = str(len(self.voters))
        enough = str(max(1, len(self.voters) - 1))
        return super().settings() | {
            "node.id": str(self.number),
            "controller.quorum.voters": ",".join(f"{number}@{HOST}:{port}" for number, port in self.voters.items()),
            "default.replication.factor": copies,
            "min.insync.replicas": enough,
            "offsets.topic.replication.factor": copies,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": enough,
            "share.coordinator.state.topic.replication.factor": copies,
            "share.coordinator.state.topic.min.isr": enough,
            # A node that does not answer is left out of the copies soon: 30 s by default.
            "replica.lag.time.max.ms": "5000",
        }


class KafkaCluster:
    """`size` nodes on loopback with their data under `home`; each may be killed and started again.

    A topic gets as many copies as there are nodes only where its maker says so (`KAFKA_REPLICATION_FACTOR`).
    """

    def __init__(self, home: Path, *, size: int = 3) -> None:
        self.home = home.absolute()
        ports: list[int] = []
        for _ in range(2 * size):
            ports.append(choose_port(avoid=ports))
        voters = dict(enumerate(ports[size:], 1))
        cluster_id = new_cluster_id()
        self.nodes = {
            number: Node(self.home, number=number, port=ports[number - 1], voters=voters, cluster_id=cluster_id)
            for number in voters
        }

    def bootstrap_servers(self) -> str:
        return ",".join(node.bootstrap_servers() for node in self.nodes.values())

    def env(self) -> dict[str, str]:
        """The environment variables by which settings find the cluster, and make topics with a copy on each node."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers(),
            "KAFKA_REPLICATION_FACTOR": str(len(self.nodes)),
        }

    def start(self, *, within: float = 90.0) -> None:
        """Start every node that does not run, and return when all know each other.

        Raises:
            EmbeddedError: one did not start, or they have not met `within` that many seconds.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        try:
            with ThreadPoolExecutor(len(self.nodes)) as pool:
                # Together: none is ready before a majority of the controllers has voted.
                list(pool.map(lambda node: node.start(), self.nodes.values()))
            deadline = time.monotonic() + within
            while not self.complete():
                if time.monotonic() > deadline:
                    raise EmbeddedError(f"the {len(self.nodes)} Kafka nodes in {self.home} did not meet: see the logs")
                time.sleep(0.05)
        except BaseException:
            self.stop()
            raise

    def complete(self) -> bool:
        """Whether each node knows all of them."""
        return all(brokers_known_to(node.port) == len(self.nodes) for node in self.nodes.values())

    def stop(self) -> None:
        """End every node; data stays."""
        with ThreadPoolExecutor(len(self.nodes)) as pool:
            list(pool.map(lambda node: node.stop(), self.nodes.values()))

    def kill(self) -> None:
        """SIGKILL every node; data stays."""
        for node in self.nodes.values():
            if node.started:
                node.kill()


@contextlib.contextmanager
def throwaway_cluster(home: Path, *, size: int = 3) -> Iterator[KafkaCluster]:
    """A running cluster whose data is removed when it ends."""
    cluster = KafkaCluster(home, size=size)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.kill()
        paths.remove_data(cluster.home)
