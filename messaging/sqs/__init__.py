"""The road for work: Celery on Amazon SQS, through a transport that survives what SQS and networks do.

`transport` is what Celery loads; it subclasses kombu's and corrects, a module each: receiving after a failure
(`receiving`), receiving nothing that cannot be done (`gate`), what a message must look like (`vetting`), settling in
batches (`settling`), waits (`back_off`), leaving without taking messages along (`leaving`, `requests`). `send` puts
outbox rows on the queues, `queues` makes those.
"""
