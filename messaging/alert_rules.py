"""Rules about the two roads: outbox, queues, groups, workers."""

from __future__ import annotations

from messaging.alerting.rules import PAGE, alert_rule
from messaging.models.incident import Severity

alert_rule("outbox_age", "Messages wait too long for their broker", severity=Severity.CRITICAL)
alert_rule("outbox_size", "More is written than is sent")
alert_rule("outbox_blocked", "A broker refused a message for good")
alert_rule("parked_key", "A consumer group holds events of a key back")
alert_rule("dead_letter_limit", "A consumer group has stopped", severity=Severity.CRITICAL)
alert_rule("consumer_failed", "A consumer group fails and is tried again", severity=Severity.CRITICAL)
alert_rule("topic_changed", "A topic has lost records, or was made again")
# Warnings that no program mends: operators hear of them at once, other systems only when nobody takes them up.
alert_rule("consumer_lag", "A consumer group is behind", responses=[PAGE])
alert_rule("dead_letters", "Commands have failed until nobody tries them any more", responses=[PAGE])
alert_rule("worker_gone", "Commands wait and no worker takes them", severity=Severity.CRITICAL)
