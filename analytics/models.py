"""Read models, fed by Kafka alone. Each row belongs to a generation of its group."""

from .audit.models import AuditCheckpoint, AuditEntry, AuditHead
from .behaviour.models import BrowsingHour, OrderHour
from .dashboard.models import CourierShift, OrderLife
from .fraud.models import FraudCase, FraudDecision, FraudProfile
from .metrics.models import MinuteCount, MinuteDelivery, OrderFact
from .recommendations.models import ItemCount, PairCount, PlacedBasket

__all__ = [
    "AuditCheckpoint",
    "AuditEntry",
    "AuditHead",
    "BrowsingHour",
    "CourierShift",
    "FraudCase",
    "FraudDecision",
    "FraudProfile",
    "ItemCount",
    "MinuteCount",
    "MinuteDelivery",
    "OrderFact",
    "OrderHour",
    "OrderLife",
    "PairCount",
    "PlacedBasket",
]
