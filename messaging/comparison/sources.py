"""Facts that were read, not seen: each with the document it stands in and the day it was read."""

from __future__ import annotations

from dataclasses import dataclass

READ = "2026-11-24"
SQS_GUIDE = "Amazon SQS Developer Guide"


@dataclass(frozen=True, slots=True)
class Source:
    fact: str
    document: str
    read: str = READ


RETENTION = Source(
    "SQS keeps a message for 4 days by default, for 60 seconds at least and 14 days at most",
    f"Amazon SQS message quotas, {SQS_GUIDE}",
)
STANDARD_RATE = Source(
    "a standard queue takes a nearly unlimited number of calls a second, of each kind",
    f"Amazon SQS message quotas, {SQS_GUIDE}",
)
FIFO_RATE = Source(
    "a FIFO queue takes 300 calls a second of each kind, so 3,000 messages in batches of ten; more in its"
    " high-throughput mode",
    f"Amazon SQS message quotas, {SQS_GUIDE}",
)
DELAY = Source("a message can be delayed for 15 minutes at most", f"Amazon SQS message quotas, {SQS_GUIDE}")
IN_FLIGHT = Source(
    "about 120,000 messages of a standard queue can be in work at a time", f"Amazon SQS queue quotas, {SQS_GUIDE}"
)
VISIBILITY = Source(
    "a message stays hidden for 30 seconds by default, for 12 hours at most",
    f"Amazon SQS message quotas, {SQS_GUIDE}",
)
AT_LEAST_ONCE = Source(
    "a standard queue delivers at least once, and keeps the order as far as it can",
    f"Amazon SQS standard queues, {SQS_GUIDE}",
)
FIFO = Source(
    "a FIFO queue keeps the order of a message group, has one of them in work at a time, and drops a second message"
    " under a deduplication id of the last five minutes",
    f"Amazon SQS FIFO queue key terms, {SQS_GUIDE}",
)
FAIR_QUEUES = Source(
    "a message group id on a standard queue makes it a fair queue: a busy sender holds up the others less",
    f"Amazon SQS message quotas, {SQS_GUIDE}",
)
SNS = Source(
    "SNS copies a message to a queue for each subscriber, so that every one of them gets it",
    "SetSubscriptionAttributes, Amazon SNS API Reference",
)
SHARE_GROUPS = Source(
    "a Kafka share group acknowledges each record by itself and may have more members than partitions",
    "KafkaShareConsumer, Apache Kafka 4.4 API documentation",
)
