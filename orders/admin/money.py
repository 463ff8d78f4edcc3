"""Payments, refunds and the ledger: read here, moved by `orders.payments`."""

from __future__ import annotations

from django.contrib import admin

from messaging.admin_base import RecordAdmin, RecordInline, money, pill
from messaging.confirming import Settled
from orders.models import Entry, GatewayEvent, Payment, PaymentHistory, Posting, Refund, RefundLine

from . import actions

PAYMENTS = {
    Payment.State.CAPTURED: "good",
    Payment.State.DECLINED: "bad",
    Payment.State.ACTION: "work",
    Payment.State.PENDING: "wait",
    Payment.State.AUTHORISED: "wait",
}
REFUNDS = {
    Refund.State.REQUESTED: "work",
    Refund.State.APPROVED: "wait",
    Refund.State.SUCCEEDED: "good",
    Refund.State.FAILED: "bad",
}


class PaymentHistoryInline(RecordInline):
    model = PaymentHistory
    fields = ["sequence", "type", "old_state", "new_state", "at", "event_id"]


class RefundInline(RecordInline):
    model = Refund
    fields = ["amount", "reason", "state", "asked_by_role", "asked_at", "refusal", "gateway_reference", "failure_code"]


@admin.register(Payment)
class PaymentAdmin(Settled, RecordAdmin):
    list_display = ["order", "stage", "total", "taken", "given_back", "decline_code", "updated_at", "id"]
    list_filter = ["state", "decline_code", ("action_since", admin.EmptyFieldListFilter)]
    list_select_related = ["order"]
    search_fields = ["=id", "=order__id", "=gateway_reference"]
    search_help_text = "A whole payment or order id, or the gateway's reference."
    date_hierarchy = "updated_at"
    ordering = ["-updated_at"]
    inlines = [PaymentHistoryInline, RefundInline]
    actions = [actions.give_back]
    exclude = ["lease"]

    @admin.display(ordering="amount")
    def total(self, payment: Payment) -> str:
        return money(payment.amount)

    @admin.display(ordering="captured")
    def taken(self, payment: Payment) -> str:
        return money(payment.captured)

    @admin.display(ordering="refunded")
    def given_back(self, payment: Payment) -> str:
        return money(payment.refunded)

    @admin.display(description="state", ordering="state")
    def stage(self, payment: Payment) -> str:
        return pill(payment.get_state_display(), PAYMENTS.get(Payment.State(payment.state), "plain"))


@admin.register(PaymentHistory)
class PaymentHistoryAdmin(RecordAdmin):
    list_display = ["at", "payment_id", "sequence", "type", "old_state", "new_state", "event_id"]
    list_filter = ["type"]
    search_fields = ["=payment__id", "=payment__order__id", "=event_id"]
    search_help_text = "A whole payment, order or event id."
    ordering = ["-id"]


class RefundLineInline(RecordInline):
    model = RefundLine


@admin.register(Refund)
class RefundAdmin(Settled, RecordAdmin):
    list_display = ["order", "stage", "sum", "reason", "note", "asked_by_role", "asked_at", "failure_code"]
    list_filter = ["state", "reason", "asked_by_role"]
    list_select_related = ["payment__order"]
    search_fields = ["=id", "=payment__id", "=payment__order__id"]
    search_help_text = "A whole refund, payment or order id."
    date_hierarchy = "asked_at"
    inlines = [RefundLineInline]
    actions = [actions.approve_refunds, actions.refuse_refunds]

    @admin.display(ordering="payment__order")
    def order(self, refund: Refund) -> str:
        return refund.payment.order.number

    @admin.display(description="amount", ordering="amount")
    def sum(self, refund: Refund) -> str:
        return money(refund.amount)

    @admin.display(description="state", ordering="state")
    def stage(self, refund: Refund) -> str:
        return pill(refund.get_state_display(), REFUNDS.get(Refund.State(refund.state), "plain"))


class EntryInline(RecordInline):
    model = Entry


@admin.register(Posting)
class PostingAdmin(RecordAdmin):
    list_display = ["at", "kind", "order", "currency", "key", "recorded_at"]
    list_filter = ["kind", "currency"]
    search_fields = ["=order__id", "key"]
    search_help_text = "A whole order id, or part of a posting's key."
    list_select_related = ["order"]
    date_hierarchy = "recorded_at"
    ordering = ["-id"]
    inlines = [EntryInline]


@admin.register(Entry)
class EntryAdmin(RecordAdmin):
    list_display = ["posting", "account", "party", "sum"]
    list_filter = ["account"]
    list_select_related = ["posting"]
    search_fields = ["=party", "=posting__order__id", "posting__key"]
    search_help_text = "A party's number, a whole order id, or part of a posting's key."
    ordering = ["-id"]

    @admin.display(description="amount", ordering="amount")
    def sum(self, entry: Entry) -> str:
        return f"{entry.amount / 100:+.2f}"


@admin.register(GatewayEvent)
class GatewayEventAdmin(RecordAdmin):
    list_display = ["received_at", "type", "reference", "told_something", "id"]
    list_filter = ["type", "told_something"]
    search_fields = ["=id", "=reference"]
    search_help_text = "A whole id of the gateway's: its event's, or its payment's."
    date_hierarchy = "received_at"
    ordering = ["-received_at"]
