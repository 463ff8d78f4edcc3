"""What people say of SQS and of Kafka, each sentence tried on the queue and the topic of this very installation.

A statement is a function in a module of its own, listed in `statements.py`; it plays on a `Stage`, whose queues and
topics are its own and are gone afterwards, and writes down what it saw in its `Notes`.
"""
