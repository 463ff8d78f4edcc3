"""Read models, fed by Kafka alone. Each row belongs to a generation of its group."""

from .audit.models import AuditCheckpoint, AuditEntry, AuditHead
from .behaviour.models import BrowsingHour, OrderHour
from .compliance.models import ChargeRecord, FareRecord, MarketSpan, QuoteRecord, TakenRecord
from .dashboard.models import CourierShift, OrderLife
from .fraud.models import FraudCase, FraudDecision, FraudProfile
from .metrics.models import MinuteCount, MinuteDelivery, OrderFact
from .monitoring.models import Anomaly, MarketBucket
from .recommendations.models import ItemCount, PairCount, PlacedBasket

__all__ = [
    "Anomaly",
    "AuditCheckpoint",
    "AuditEntry",
    "AuditHead",
    "BrowsingHour",
    "ChargeRecord",
    "CourierShift",
    "FareRecord",
    "FraudCase",
    "FraudDecision",
    "FraudProfile",
    "ItemCount",
    "MarketBucket",
    "MarketSpan",
    "MinuteCount",
    "MinuteDelivery",
    "OrderFact",
    "OrderHour",
    "OrderLife",
    "PairCount",
    "PlacedBasket",
    "QuoteRecord",
    "TakenRecord",
]
