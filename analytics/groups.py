"""The consumer groups of this room: three independent readers of the same facts."""

from __future__ import annotations

from messaging.consuming.group import consumer_group
from orders.events import OrderPlaced

from .audit import apply as audit
from .metrics import apply as metrics
from .models import AuditEntry, ItemCount, MinuteCount, MinuteDelivery, OrderFact, PairCount
from .recommendations import apply as recommendations

consumer_group("metrics", topics=["orders.events"], tables=[OrderFact, MinuteCount, MinuteDelivery])(metrics.apply)
# The trigger that keeps entries from being removed does not except those of a retired generation.
consumer_group(
    "audit", topics=["orders.events", "couriers.events", "restaurants.events"], tables=[AuditEntry], keeps_retired=True
)(audit.apply)
consumer_group("recommendations", topics=["orders.events"], tables=[ItemCount, PairCount], types=[OrderPlaced])(
    recommendations.apply
)
