"""What pages read of the recommendations: always the live generation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Sum

from messaging.consuming.positions import live_generation

from .models import ItemCount, PairCount

GROUP = "recommendations"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An item, and how many orders it shared with those asked about (or, where none was, had in all)."""

    item_id: int
    name: str
    count: int


def also_ordered_with(restaurant_id: int, item_ids: Sequence[int], *, limit: int = 5) -> list[Suggestion]:
    """Items most often ordered with these, most first; without any, the restaurant's most ordered."""
    live = ItemCount.objects.filter(generation=live_generation(GROUP), restaurant_id=restaurant_id)
    if not item_ids:
        return [Suggestion(row.item_id, row.name, row.orders) for row in live.order_by("-orders", "item_id")[:limit]]
    pairs = PairCount.objects.filter(
        generation=live_generation(GROUP), restaurant_id=restaurant_id, item_id__in=item_ids
    ).exclude(other_id__in=item_ids)
    counted = pairs.values("other_id").annotate(count=Sum("orders")).order_by("-count", "other_id")[:limit]
    names = dict(live.filter(item_id__in=[row["other_id"] for row in counted]).values_list("item_id", "name"))
    return [Suggestion(row["other_id"], names.get(row["other_id"], ""), row["count"]) for row in counted]
