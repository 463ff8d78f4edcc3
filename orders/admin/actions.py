"""What the admin lets a person do here, each by the verb that writes the fact, its history and its event."""

from __future__ import annotations

from messaging.confirming import Ask, Asked, Refused, confirmed
from orders import kitchen, lifecycle
from orders.lifecycle import Actor, IllegalTransition
from orders.models import MenuItem, Order, Payment, Refund, Restaurant
from orders.payments import refunds
from orders.payments.refunds import CannotRefund

ORDER = ("number", "status", "restaurant", "placed_at", "total")
PAYMENT = ("order", "state", "amount", "captured", "refunding", "refunded")
REFUND = ("payment", "amount", "reason", "note", "state", "asked_at")
RESTAURANT = ("name", "zone", "paused", "auto_paused", "unanswered")
ITEM = ("name", "restaurant", "section", "sold_out")


def _operator(asked: Asked) -> Actor:
    return Actor("operator", asked.by)


def _cancel(order: Order, asked: Asked) -> str:
    try:
        lifecycle.cancel(order.id, by=_operator(asked), reason=asked.reason)
    except IllegalTransition as error:
        raise Refused(str(error)) from error
    return "cancelled"


def _give_back(payment: Payment, asked: Asked) -> str:
    try:
        refund = refunds.ask(payment.order_id, by=_operator(asked), reason=Refund.Reason.GOODWILL, note=asked.reason)
    except CannotRefund as error:
        raise Refused(str(error)) from error
    return f"{refund.amount / 100:.2f} goes back"


def _approve(refund: Refund, asked: Asked) -> str:
    try:
        refunds.approve(refund.pk, by=_operator(asked))
    except CannotRefund as error:
        raise Refused(str(error)) from error
    return "approved, and on its way"


def _refuse(refund: Refund, asked: Asked) -> str:
    try:
        refunds.refuse(refund.pk, by=_operator(asked), why=asked.reason)
    except CannotRefund as error:
        raise Refused(str(error)) from error
    return "refused"


def _pause(restaurant: Restaurant, asked: Asked) -> str:
    if restaurant.paused:
        raise Refused("it is paused already")
    kitchen.set_paused(by=restaurant.user, paused=True)
    return "takes no more orders"


def _resume(restaurant: Restaurant, asked: Asked) -> str:
    if not restaurant.paused:
        raise Refused("it takes orders already")
    kitchen.set_paused(by=restaurant.user, paused=False)
    return "takes orders again"


def _sell_out(item: MenuItem, asked: Asked) -> str:
    kitchen.set_sold_out(item.pk, by=item.restaurant.user, sold_out=True)
    return "sold out"


def _put_back(item: MenuItem, asked: Asked) -> str:
    kitchen.set_sold_out(item.pk, by=item.restaurant.user, sold_out=False)
    return "on the menu again"


cancel_orders = confirmed(
    Ask(
        "cancel_orders",
        "Cancel",
        "The orders end here: their couriers are let go, and what was paid goes back as the rules of their stage say."
        " There is no way back.",
        ORDER,
        _cancel,
    )
)
give_back = confirmed(
    Ask(
        "give_back",
        "Refund what is left",
        "All that was taken and is not given back, or on its way back, is given back as goodwill.",
        PAYMENT,
        _give_back,
    )
)
approve_refunds = confirmed(
    Ask("approve_refunds", "Approve", "The money is given back by the payment provider.", REFUND, _approve)
)
refuse_refunds = confirmed(
    Ask(
        "refuse_refunds",
        "Refuse",
        "Nothing is given back; it may be asked for again. The customer reads the reason.",
        REFUND,
        _refuse,
    )
)
pause_restaurants = confirmed(
    Ask(
        "pause_restaurants",
        "Pause",
        "They take no more orders until somebody resumes them; the orders they have go on.",
        RESTAURANT,
        _pause,
    )
)
resume_restaurants = confirmed(
    Ask("resume_restaurants", "Resume", "They take orders again, in their hours.", RESTAURANT, _resume)
)
sell_out = confirmed(Ask("sell_out", "Sold out", "They are taken off the menu for now.", ITEM, _sell_out))
put_back = confirmed(Ask("put_back", "On the menu again", "They can be ordered again.", ITEM, _put_back))
