"""Rules about orders that nobody brings."""

from __future__ import annotations

from messaging.alerting.rules import alert_rule
from messaging.models.incident import Severity

alert_rule("undispatched", "No courier takes an order", responses=["alerts.call_next_courier"])
alert_rule("courier_silent", "A courier took an order and is not seen", responses=["alerts.call_next_courier"])
alert_rule("courier_stuck", "A courier has an order and cannot bring it", severity=Severity.CRITICAL)
alert_rule("set_aside", "An order was left out of its zone's rounds")
