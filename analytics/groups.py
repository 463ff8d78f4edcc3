"""The consumer groups of this room: independent readers of the same facts."""

from __future__ import annotations

from messaging.consuming.group import consumer_group
from orders.events import FraudVerdict, OrderDelivered, OrderPlaced
from orders.payments.events import PaymentAuthorised, PaymentCaptured, PaymentDeclined, RefundRequested
from orders.pricing.events import FareChanged, FeeQuoted
from orders.pricing.ticks import PricingTick

from .audit import apply as audit
from .behaviour import apply as behaviour
from .behaviour.events import MenuSeen, PutIn, Searched, TakenOut
from .compliance import apply as compliance
from .dashboard import apply as dashboard
from .fraud import apply as fraud
from .metrics import apply as metrics
from .models import (
    Anomaly,
    AuditCheckpoint,
    AuditEntry,
    AuditHead,
    BrowsingHour,
    ChargeRecord,
    CourierShift,
    FareRecord,
    FraudProfile,
    ItemCount,
    MarketBucket,
    MarketSpan,
    MinuteCount,
    MinuteDelivery,
    OrderFact,
    OrderHour,
    OrderLife,
    PairCount,
    PlacedBasket,
    QuoteRecord,
    TakenRecord,
)
from .monitoring import apply as monitoring
from .recommendations import apply as recommendations

consumer_group("metrics", topics=["orders.events"], tables=[OrderFact, MinuteCount, MinuteDelivery], side_by_side=True)(
    metrics.apply
)
# The trigger that keeps entries from being removed does not except those of a retired generation.
consumer_group(
    "audit",
    topics=["orders.events", "couriers.events", "restaurants.events"],
    tables=[AuditEntry, AuditHead, AuditCheckpoint],
    keeps_retired=True,
    weight=4,
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
# Ticks come for ever: gathered for a moment, they are a transaction or two a second.
consumer_group(
    "monitoring", topics=["pricing.ticks"], tables=[MarketBucket, Anomaly], types=[PricingTick], gather_ms=500
)(monitoring.apply)
# As for the audit, its triggers would not let a retired generation go.
consumer_group(
    "compliance",
    topics=["pricing.ticks", "pricing.fees", "orders.events", "payments.transactions"],
    tables=[FareRecord, QuoteRecord, ChargeRecord, TakenRecord, MarketSpan],
    types=[PricingTick, FareChanged, FeeQuoted, OrderPlaced, PaymentCaptured],
    keeps_retired=True,
    gather_ms=500,
)(compliance.apply)
