"""Topics that were lost, from this room's own tables: the histories of orders and payments, and of fares and quotes."""

from __future__ import annotations

from messaging.republishing import owe, republishes

from .events import TOPIC as ORDERS
from .payments.events import TOPIC as PAYMENTS
from .pricing.events import TOPIC as FEES

ORDER_FACTS = """
    SELECT id AS place, type, order_id::text AS key, sequence, event_id, at AS time,
        convert_to(payload::text, 'UTF8') AS payload, recorded_at
    FROM orders_orderhistory
"""
PAYMENT_FACTS = """
    SELECT id AS place, type, payment_id::text AS key, sequence, event_id, at AS time,
        convert_to(payload::text, 'UTF8') AS payload, recorded_at
    FROM orders_paymenthistory
"""
# A fare and a quote from before they kept their city time say their wall time. A moment is written as events have it.
FEE_FACTS = """
    SELECT row_number() OVER (ORDER BY zone, version) AS place, 'fare.changed' AS type, zone AS key,
        version AS sequence, event_id, coalesce(told_at, at) AS time,
        convert_to(jsonb_build_object('zone', zone, 'version', version, 'surcharge', surcharge, 'lowest', lowest,
            'highest', highest, 'pressure', pressure, 'reason', reason)::text, 'UTF8') AS payload,
        at AS recorded_at
    FROM orders_farestep
    UNION ALL
    SELECT 0, 'fee.quoted', id::text, 1, event_id, coalesce(told_at, made_at),
        convert_to(jsonb_build_object('quote_id', id, 'restaurant_id', restaurant_id, 'zone', zone, 'usual', usual,
            'fare_version', fare_version, 'fee', fee, 'lowest', lowest, 'highest', highest, 'valid_until',
            to_char(valid_until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::text, 'UTF8'),
        made_at
    FROM orders_quote
"""


@republishes(ORDERS)
def republish_orders() -> int:
    """Owe every fact of every order again, in the order of each."""
    return owe(ORDERS, ORDER_FACTS, writers="orders_order")


@republishes(PAYMENTS)
def republish_payments() -> int:
    """Owe every fact of every payment again, in the order of each."""
    return owe(PAYMENTS, PAYMENT_FACTS, writers="orders_payment")


@republishes(FEES)
def republish_fees() -> int:
    """Owe every change of a fare again, and every quote that is kept: those that no order names go after a day."""
    return owe(FEES, FEE_FACTS, writers="orders_zonefare, orders_quote")
