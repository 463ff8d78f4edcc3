"""The two roads: Apache Kafka for facts, Amazon SQS (through Celery) for work."""

from .environment import NAMESPACE, env

KAFKA_BOOTSTRAP_SERVERS: list[str] = env.list("KAFKA_BOOTSTRAP_SERVERS", default=["127.0.0.1:9092"])

#: Passed to every kafka-python client, so that a managed cluster (MSK and others) needs settings only.
KAFKA_CLIENT: dict[str, object] = {"security_protocol": env.str("KAFKA_SECURITY_PROTOCOL", default="PLAINTEXT")}
if env.str("KAFKA_SASL_MECHANISM", default=""):
    KAFKA_CLIENT |= {
        "sasl_mechanism": env.str("KAFKA_SASL_MECHANISM"),
        "sasl_plain_username": env.str("KAFKA_SASL_USERNAME", default=""),
        "sasl_plain_password": env.str("KAFKA_SASL_PASSWORD", default=""),
    }

#: Copies of each partition; 1 on the embedded single broker, 3 wherever losing a machine must lose nothing.
KAFKA_REPLICATION_FACTOR: int = env.int("KAFKA_REPLICATION_FACTOR", default=1)
#: Partitions of the topics keyed by order or payment: how many consumers of a group can share them. Fixed at birth.
KAFKA_ORDER_PARTITIONS: int = env.int("KAFKA_ORDER_PARTITIONS", default=4)

#: Empty means Amazon's own endpoint for the region.
SQS_ENDPOINT_URL: str = env.str("SQS_ENDPOINT_URL", default="")
AWS_REGION: str = env.str("AWS_REGION", default="us-east-1")
AWS_ACCESS_KEY_ID: str = env.str("AWS_ACCESS_KEY_ID", default="")
AWS_SECRET_ACCESS_KEY: str = env.str("AWS_SECRET_ACCESS_KEY", default="")

#: A task may run this long (seconds, hard limit); enforced under the prefork pool.
TASK_LIMIT_SECONDS: float = env.float("FORKROAD_TASK_LIMIT_SECONDS", default=15)
#: A received message stays hidden this long (seconds) before SQS gives it to another worker.
VISIBILITY_SECONDS: int = env.int("FORKROAD_VISIBILITY_SECONDS", default=60)
#: A worker's receive waits this long (seconds, at most 20) on the server for messages, and an orderly stop may take as
#: long. Amazon bills each receive; a server of one's own does not.
SQS_WAIT_SECONDS: int = env.int("FORKROAD_SQS_WAIT_SECONDS", default=5 if SQS_ENDPOINT_URL else 20)
#: Receives after which SQS moves a message to the dead-letter queue.
MAX_RECEIVES: int = env.int("FORKROAD_MAX_RECEIVES", default=8)

FORKROAD_NAMESPACE = NAMESPACE
