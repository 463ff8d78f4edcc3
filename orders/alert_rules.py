"""Rules about kitchens and money."""

from __future__ import annotations

from messaging.alerting.rules import alert_rule
from messaging.models.incident import Severity

alert_rule(
    "kitchen_late",
    "A kitchen is late with several orders",
    responses=["alerts.pause_restaurant"],
    closing=["alerts.resume_restaurant"],
)
alert_rule("payment_failures", "Many payments fail", severity=Severity.CRITICAL)
alert_rule("payment_mismatch", "A payment stands otherwise at the gateway than here")
alert_rule("refund_failed", "Money should have gone back and has not")
