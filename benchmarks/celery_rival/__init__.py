"""What the SQS transport is measured beside, each a worker process of its own doing the same work.

`stock` is Celery on kombu's own transport, `loop` is boto3 alone; `ours` adds the measured commands to this
project's worker. `work` is what all of them do with a message.
"""
