"""What a courier had before them and has no more, though they did nothing: told until they go on.

Read from the orders' histories. A new offer, a new shift, or a press on "Understood" is going on.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import DateTimeField, Exists, ExpressionWrapper, OuterRef
from django.db.models.functions import Now

from orders.models import OrderHistory

from .events import CourierReleased, OfferExpired, OfferWithdrawn
from .handover import REASONS
from .models import Assignment, Courier, Offer, Shift

#: Wall time after which it is no news, and how many of a courier's latest jobs are looked at.
NEWS = timedelta(hours=1)
LOOKED_AT = 8


def losses_of(courier: Courier, *, understood: int = 0) -> list[OrderHistory]:
    """The facts by which they lost jobs and offers, the latest first; `understood` is the latest that they know of."""
    ended = Assignment.objects.filter(courier=courier, state=Assignment.State.ENDED).order_by("-pk")
    offered = Offer.objects.filter(courier=courier, made_at__gt=OuterRef("at"))
    began = Shift.objects.filter(courier=courier, started_at__gt=OuterRef("at"))
    facts = (
        OrderHistory.objects.filter(
            order__in=ended.values("order")[:LOOKED_AT],
            type__in=[CourierReleased.type, OfferExpired.type, OfferWithdrawn.type],
            payload__courier_id=courier.pk,
            pk__gt=understood,
            recorded_at__gt=ExpressionWrapper(Now() - NEWS, output_field=DateTimeField()),
        )
        .exclude(actor_role="courier")
        .exclude(reason="courier_offline")
        .exclude(Exists(offered))
        .exclude(Exists(began))
        .select_related("order")
        .order_by("-pk")
    )
    # A bundle's offer ends with a fact of each of its orders.
    return list({fact.payload.get("offer_id") or fact.pk: fact for fact in reversed(facts)}.values())[::-1]


def words_of(fact: OrderHistory) -> str:
    """What happened, as its courier reads it, and whether there is something left to do."""
    if fact.type == OfferExpired.type:
        return "The offer ended: its time was over, and another courier is asked."
    called_off = fact.reason == "order_ended"
    if fact.type == OfferWithdrawn.type:
        return "The offer ended: its order was called off." if called_off else "The offer ended: it was taken back."
    number = fact.order.number
    if called_off:
        said = f"Order {number} was called off."
    elif fact.reason in REASONS:
        said = f"An operator took order {number} from you: {REASONS[fact.reason].lower()}."
    else:
        said = f"Order {number} was taken from you."
    in_bag = fact.order.picked_up_at is not None and fact.order.picked_up_at <= fact.at
    left = "Do not bring it: an operator tells you what to do with the bag." if in_bag else "You need not do any more."
    return f"{said} {left}"
