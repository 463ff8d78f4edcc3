"""Incidents told to another system: a webhook, signed."""

from .environment import env

#: Where critical, escalated and resolved incidents are posted to; empty posts nothing.
ALERT_WEBHOOK_URL: str = env.str("FORKROAD_ALERT_WEBHOOK_URL", default="")
#: The key of the signature that each carries (see `notifications/alerts/webhook.py`).
ALERT_WEBHOOK_SECRET: str = env.str("FORKROAD_ALERT_WEBHOOK_SECRET", default="")
#: Events that a consumer group may have before it.
LAG_LIMIT: int = env.int("FORKROAD_LAG_LIMIT", default=20_000)
#: Days that an incident is kept after it was over, with what was done about it.
INCIDENT_DAYS: float = env.float("FORKROAD_INCIDENT_DAYS", default=90)
