"""What the payments queue forgot: each open end of a payment is found in the database and owed to the queue again."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef
from django.db.models.functions import Cast, Now

from messaging.models import OutboxRow, Road
from messaging.outbox import send
from orders.models import FINAL, GatewayEvent, OrderHistory, Payment, Refund, Status

State = Payment.State

#: Wall time that a command has to arrive and be answered before its work counts as forgotten: gateways may be slow.
#: It is looked for as often, so that what was lost is found within twice this, under a minute.
FORGOTTEN = timedelta(seconds=25)
#: Wall time that a webhook's id is kept: far past the window in which it could be sent again.
REMEMBERED = timedelta(days=1)

#: Rows a look takes of each kind.
BATCH = 200


def remind_payments() -> int:
    """Owe the payments queue again what it has had no answer for; how many commands that were."""
    fresh = OrderHistory.objects.filter(order=OuterRef("order"), recorded_at__gt=Now() - FORGOTTEN)
    old = Payment.objects.filter(updated_at__lt=Now() - FORGOTTEN).exclude(Exists(fresh))
    lost = FINAL - {Status.DELIVERED, Status.PAYMENT_FAILED}
    owed = {
        "payments.authorise": old.filter(state=State.PENDING, order__status=Status.PLACED),
        "payments.refresh": old.filter(state=State.ACTION, order__status=Status.PLACED),
        "payments.capture": old.filter(state=State.AUTHORISED, order__status=Status.DELIVERED),
        "payments.void": old.filter(state__in=[State.PENDING, State.ACTION, State.AUTHORISED], order__status__in=lost),
    }
    reminded = 0
    for task, payments in owed.items():
        # While SQS is away reminders pile up in the outbox: one of each waits there, not one more every half minute.
        on_the_way = OutboxRow.objects.filter(road=Road.SQS, type=task, key=Cast(OuterRef("order"), CharField()))
        order_ids = list(payments.exclude(Exists(on_the_way)).values_list("order", flat=True)[:BATCH])
        with transaction.atomic():
            for order_id in order_ids:
                send(task, key=str(order_id), order=str(order_id))
        reminded += len(order_ids)
    GatewayEvent.objects.filter(received_at__lt=Now() - REMEMBERED).delete()
    return reminded + _remind_refunds()


def _remind_refunds() -> int:
    on_the_way = OutboxRow.objects.filter(
        road=Road.SQS, type="payments.refund", key=Cast(OuterRef("payment__order"), CharField())
    )
    old = Refund.objects.filter(state=Refund.State.APPROVED, updated_at__lt=Now() - FORGOTTEN)
    found = list(old.exclude(Exists(on_the_way)).values_list("pk", "payment__order")[:BATCH])
    with transaction.atomic():
        for refund, order in found:
            send("payments.refund", key=str(order), refund=str(refund))
    return len(found)
