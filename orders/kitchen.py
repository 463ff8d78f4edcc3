"""What a restaurant's people do. What belongs to another restaurant does not exist for them."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import transaction

from accounts.models import User
from messaging.outbox import publish

from . import lifecycle, restaurant_events
from .city import city_now
from .lifecycle import Actor
from .models import MenuItem, Order, Restaurant

#: A promise beyond this (minutes) is a slip of the finger.
MAX_PREPARATION_MINUTES = 24 * 60

#: What may be added to a promise at once (minutes), and the longest usual preparation.
MAX_DELAY_MINUTES = 60
MAX_USUAL_MINUTES = 120

OrderId = uuid.UUID | str


def accept(order_id: OrderId, *, by: User, preparation_minutes: float | None = None) -> Order:
    """Cook it, ready after so many city minutes (default: the restaurant's usual).

    Raises:
        Order.DoesNotExist: unknown, unpaid or another restaurant's.
        lifecycle.IllegalTransition: it is past that.
        ValueError: a preparation time out of range.
    """
    order = _own(order_id, by=by)
    minutes = order.restaurant.preparation_minutes if preparation_minutes is None else preparation_minutes
    if not 0 <= minutes <= MAX_PREPARATION_MINUTES:
        raise ValueError(f"preparation takes 0 to {MAX_PREPARATION_MINUTES} minutes, not {minutes}")
    accepted = lifecycle.accept(order.id, by=_actor(by), preparation=timedelta(minutes=minutes))
    _somebody_answers(order.restaurant)
    return accepted


def reject(order_id: OrderId, *, by: User, reason: str) -> Order:
    """Don't cook it. Raises as `accept` does."""
    order = _own(order_id, by=by)
    rejected = lifecycle.reject(order.id, by=_actor(by), reason=reason)
    _somebody_answers(order.restaurant)
    return rejected


def delay(order_id: OrderId, *, by: User, minutes: float) -> Order:
    """It takes so many city minutes longer than was said. Raises as `accept` does."""
    if not 0 < minutes <= MAX_DELAY_MINUTES:
        raise ValueError(f"an order can be put off by 1 to {MAX_DELAY_MINUTES} minutes at a time")
    return lifecycle.delay(_own(order_id, by=by).id, by=_actor(by), later=timedelta(minutes=minutes))


def ready(order_id: OrderId, *, by: User) -> Order:
    """It waits at the counter. Raises as `accept` does."""
    return lifecycle.mark_ready(_own(order_id, by=by).id, by=_actor(by))


def cancel(order_id: OrderId, *, by: User, reason: str) -> Order:
    """Call off what was accepted. Raises as `accept` does."""
    return lifecycle.cancel(_own(order_id, by=by).id, by=_actor(by), reason=reason)


@transaction.atomic
def set_sold_out(item_id: int, *, by: User, sold_out: bool) -> MenuItem:
    """Take an item off the menu for now, or put it back; saying what is so already changes nothing.

    Raises:
        Restaurant.DoesNotExist, MenuItem.DoesNotExist: not this user's.
    """
    restaurant = _lock_restaurant(by)
    changed = restaurant.items.filter(pk=item_id, sold_out=not sold_out).update(sold_out=sold_out)
    item = restaurant.items.get(pk=item_id)
    if changed:
        fact = restaurant_events.ItemSoldOut if sold_out else restaurant_events.ItemAvailable
        _publish(restaurant, fact(restaurant_id=restaurant.id, zone=restaurant.zone, item_id=item.id))
    return item


@transaction.atomic
def set_paused(*, by: User, paused: bool) -> Restaurant:
    """Stop or start taking orders; saying what is so already changes nothing.

    Raises:
        Restaurant.DoesNotExist: the user has no restaurant.
    """
    restaurant = _lock_restaurant(by)
    if restaurant.paused != paused:
        restaurant.paused = paused
        restaurant.auto_paused = False
        restaurant.unanswered = 0
        fact = restaurant_events.RestaurantPaused if paused else restaurant_events.RestaurantResumed
        _publish(restaurant, fact(restaurant_id=restaurant.id, zone=restaurant.zone))
    return restaurant


def note_unanswered(restaurant_id: int) -> bool:
    """Count an order that ran out of time, within the transaction that rejects it; whether that paused the restaurant.

    Nobody seems to be there, and each further customer would wait for nothing: after so many in a row it takes no
    more orders, until somebody presses "resume".
    """
    restaurant = Restaurant.objects.select_for_update().get(pk=restaurant_id)
    restaurant.unanswered += 1
    pauses = bool(restaurant.auto_pause_after) and restaurant.unanswered >= restaurant.auto_pause_after
    if not pauses or restaurant.paused:
        restaurant.save(update_fields=["unanswered"])
        return False
    restaurant.paused = restaurant.auto_paused = True
    fact = restaurant_events.RestaurantPaused(
        restaurant_id=restaurant.id, zone=restaurant.zone, reason=restaurant_events.UNANSWERED
    )
    _publish(restaurant, fact)
    return True


@transaction.atomic
def set_rules(*, by: User, preparation_minutes: int, auto_pause_after: int) -> Restaurant:
    """The usual preparation (city minutes), and how many unanswered orders in a row pause the restaurant (0: never).

    Raises:
        Restaurant.DoesNotExist: the user has no restaurant. ValueError: out of range.
    """
    if not 1 <= preparation_minutes <= MAX_USUAL_MINUTES:
        raise ValueError(f"The usual preparation is 1 to {MAX_USUAL_MINUTES} minutes.")
    if not 0 <= auto_pause_after <= 20:
        raise ValueError("Pause after 1 to 20 unanswered orders, or 0 for never.")
    restaurant = _lock_restaurant(by)
    restaurant.preparation_minutes = preparation_minutes
    restaurant.auto_pause_after = auto_pause_after
    restaurant.save(update_fields=["preparation_minutes", "auto_pause_after"])
    return restaurant


def _own(order_id: OrderId, *, by: User) -> Order:
    return Order.objects.for_restaurant(by.id).select_related("restaurant").get(pk=order_id)


def _actor(user: User) -> Actor:
    return Actor("restaurant", user.id)


def _somebody_answers(restaurant: Restaurant) -> None:
    # Mostly there is nothing to write, and accepting must not queue at the restaurant's row.
    Restaurant.objects.filter(pk=restaurant.pk, unanswered__gt=0).update(unanswered=0)


def _lock_restaurant(user: User) -> Restaurant:
    return Restaurant.objects.select_for_update().get(user=user)


def _publish(restaurant: Restaurant, fact: restaurant_events.RestaurantEvent) -> None:
    restaurant.version += 1
    restaurant.save(update_fields=["version", "paused", "auto_paused", "unanswered"])
    publish(fact, key=str(restaurant.id), sequence=restaurant.version, at=city_now())
