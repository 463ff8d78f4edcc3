"""PostgreSQL, Apache Kafka and an SQS-compatible server as child processes: the default, where no other is named.

    with Stack(home) as stack:
        os.environ.update(stack.env())

Nothing here needs Django. `stack.py` is the front door, one file a server beside it, `parts.py` lists what
`manage.py demo` runs on top.
"""
