"""The way in: Kafka into Postgres, each event's effect applied once. `loop.py` polls, `batch.py` applies."""
