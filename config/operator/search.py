"""Finding orders by what an operator has at hand: a number, a restaurant, a customer's login, a status."""

from __future__ import annotations

from django.db.models import CharField, Q, QuerySet, Value
from django.db.models.functions import Cast, Replace

from orders.models import Order


def find_orders(words: str) -> QuerySet[Order]:
    """The latest orders first; without words, all of them."""
    orders = Order.objects.select_related("restaurant", "customer").order_by("-created_at")
    words = words.replace("\0", "").strip()[:80]
    if not words:
        return orders
    digits = words.replace("-", "").lower()
    plain = Replace(Cast("id", CharField()), Value("-"), Value(""))
    return orders.annotate(plain_id=plain).filter(
        Q(plain_id__startswith=digits)
        | Q(restaurant__name__icontains=words)
        | Q(customer__username=words)
        | Q(status=words.lower().replace(" ", "_"))
    )
