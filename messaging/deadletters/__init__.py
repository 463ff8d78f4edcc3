"""Messages that could not be handled, of both roads, in one table: how they get there and how they leave it.

`drain` copies SQS's dead-letter queues; the consumer runtime writes records of Kafka itself. `settle` sends a dead
letter again, once, or sets it aside.
"""

from .drain import drain_dead_letter_queues
from .settle import AlreadySettled, CannotRedrive, discard, redrive

__all__ = ["AlreadySettled", "CannotRedrive", "discard", "drain_dead_letter_queues", "redrive"]
