"""Dispatch as people write it first, to measure the project's beside: a Celery task an order, the nearest courier,
a row lock on the courier, stock kombu on SQS with its best settings, published from the request after its commit.

It is spared what it would also have to do: no outbox, no event to Kafka, no record of its runs, no command lost.
"""
