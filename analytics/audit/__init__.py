"""Every event that was read, as it stood in Kafka: rows are added, and PostgreSQL refuses any other change."""
