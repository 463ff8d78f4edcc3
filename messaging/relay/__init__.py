"""The way out: what committed transactions owe, from the outbox to Kafka and to SQS. `road.py` is the loop."""
