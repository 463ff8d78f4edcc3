"""A member that was about to join its group, and whose client forgets it.

kafka-python 3.0.12 asks `need_rejoin()` whether a join is still to be waited for. A leader that rejoins because its
topics changed answers no as soon as it has dealt out the partitions: if the poll ends before the broker's answer to
that deal has come, no later poll takes the answer up. The member stays without partitions and without heartbeats,
silently and for ever. Java's client asks as well whether a join is under way.
"""

from __future__ import annotations

from kafka import KafkaConsumer


def finish_join(consumer: KafkaConsumer) -> None:
    """Have the next poll wait for a join that is under way. Call it after each poll, from the thread that polls."""
    coordinator = consumer._coordinator
    if coordinator.rejoining and not coordinator.need_rejoin():
        coordinator.request_rejoin()
