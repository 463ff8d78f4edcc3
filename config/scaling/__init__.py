"""Worker processes come and go with their queues: looked at once a second, decided by one rule, written down."""
