"""Browser pages hear of events as they happen: Kafka to server-sent events, without a consumer group."""
