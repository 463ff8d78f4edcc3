"""The consumer groups of this room: independent readers of the same facts."""

from __future__ import annotations

from messaging.consuming.group import consumer_group
from orders.events import FraudVerdict, OrderDelivered, OrderPlaced
from orders.payments.events import PaymentAuthorised, PaymentDeclined, RefundRequested

from .audit import apply as audit
from .behaviour import apply as behaviour
from .behaviour.events import MenuSeen, PutIn, Searched, TakenOut
from .dashboard import apply as dashboard
from .fraud import apply as fraud
from .metrics import apply as metrics
from .models import (
    AuditCheckpoint,
    AuditEntry,
    AuditHead,
    BrowsingHour,
    CourierShift,
    FraudProfile,
    ItemCount,
    MinuteCount,
    MinuteDelivery,
    OrderFact,
    OrderHour,
    OrderLife,
    PairCount,
    PlacedBasket,
)
from .recommendations import apply as recommendations

consumer_group("metrics", topics=["orders.events"], tables=[OrderFact, MinuteCount, MinuteDelivery])(metrics.apply)
# The trigger that keeps entries from being removed does not except those of a retired generation.
consumer_group(
    "audit",
    topics=["orders.events", "couriers.events", "restaurants.events"],
    tables=[AuditEntry, AuditHead, AuditCheckpoint],
    keeps_retired=True,
)(audit.apply)
consumer_group(
    "recommendations", topics=["orders.events"], tables=[ItemCount, PairCount, PlacedBasket], types=[OrderPlaced]
)(recommendations.apply)
consumer_group("dashboard", topics=["orders.events", "couriers.events"], tables=[OrderLife, CourierShift])(
    dashboard.apply
)
# Browsing is kept for 30 days and the funnel for longer: a replay would forget, so it is refused.
consumer_group(
    "behaviour",
    topics=["behaviour.events", "orders.events"],
    tables=[BrowsingHour, OrderHour],
    types=[Searched, MenuSeen, PutIn, TakenOut, OrderPlaced, OrderDelivered],
    replayable=False,
)(behaviour.apply)
# Small batches: a score is worth most before a courier is asked. A replay builds the profiles; what was decided stays.
consumer_group(
    "fraud",
    topics=["orders.events", "payments.transactions"],
    tables=[FraudProfile],
    types=[OrderPlaced, OrderDelivered, FraudVerdict, PaymentAuthorised, PaymentDeclined, RefundRequested],
    batch=500,
)(fraud.apply)
