"""What of a person's orders is personal: the words of their complaints. The orders themselves stay, under a number."""

from __future__ import annotations

from accounts.erasing import CannotErase, erasure
from accounts.models import User

from .models import Order, Rating, Refund


@erasure
def erase(user: User) -> None:
    """Blank the notes of a customer's refunds and ratings.

    Raises:
        CannotErase: somebody still needs to know where to bring an order.
    """
    waiting = Order.objects.for_customer(user.pk).unfinished().count()
    if waiting:
        raise CannotErase(f"{waiting} of your orders are still on their way: wait for them, or cancel them, first")
    Refund.objects.filter(payment__order__customer=user).update(note="")
    Rating.objects.filter(order__customer=user).update(note="")
