"""Read models, fed by Kafka alone. Each row belongs to a generation of its group."""

from .audit.models import AuditEntry
from .metrics.models import MinuteCount, MinuteDelivery, OrderFact
from .recommendations.models import ItemCount, PairCount

__all__ = ["AuditEntry", "ItemCount", "MinuteCount", "MinuteDelivery", "OrderFact", "PairCount"]
