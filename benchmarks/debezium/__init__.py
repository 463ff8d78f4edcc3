"""Debezium, to run beside our relay: Kafka Connect standalone, its PostgreSQL connector, its outbox event router."""
