"""Orders of before: what was delivered and captured gets its postings, what is still held is held anew.

The sandbox of before kept no books, so a hold of its making cannot be captured at another: the reference is forgotten,
and the capture then opens, confirms and takes in one go.
"""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0004_ledger_guards'),
    ]

    operations = [
        migrations.RunSQL(
            sql="""
                UPDATE orders_payment SET captured = amount WHERE state = 'captured';
                UPDATE orders_payment SET gateway_reference = ''
                WHERE state IN ('pending', 'authorised') AND gateway_reference LIKE 'sandbox-%';

                INSERT INTO orders_posting (key, kind, order_id, currency, at)
                SELECT 'sale/' || id, 'sale', id, currency, delivered_at FROM orders_order
                WHERE status = 'delivered' AND delivered_at IS NOT NULL AND total > 0;

                INSERT INTO orders_entry (posting_id, account, party, amount)
                SELECT p.id, e.account, e.party, e.amount
                FROM orders_posting p JOIN orders_order o ON o.id = p.order_id
                CROSS JOIN LATERAL (VALUES
                    ('customers', o.customer_id::bigint, o.total::bigint),
                    ('restaurants', o.restaurant_id, -(o.subtotal - o.subtotal * 15 / 100)::bigint),
                    ('revenue', NULL, -(o.subtotal * 15 / 100)::bigint),
                    ('couriers', o.courier_id, -o.delivery_fee::bigint)
                ) AS e (account, party, amount)
                WHERE p.kind = 'sale' AND e.amount <> 0;

                INSERT INTO orders_posting (key, kind, order_id, currency, at)
                SELECT 'capture/' || y.id, 'capture', o.id, o.currency, coalesce(o.delivered_at, o.placed_at)
                FROM orders_payment y JOIN orders_order o ON o.id = y.order_id
                WHERE y.state = 'captured' AND y.amount > 0;

                INSERT INTO orders_entry (posting_id, account, party, amount)
                SELECT p.id, e.account, e.party, e.amount
                FROM orders_posting p
                JOIN orders_order o ON o.id = p.order_id JOIN orders_payment y ON y.order_id = o.id
                CROSS JOIN LATERAL (VALUES
                    ('gateway', NULL::bigint, y.amount::bigint), ('customers', o.customer_id::bigint, -y.amount::bigint)
                ) AS e (account, party, amount)
                WHERE p.kind = 'capture';
            """,
            reverse_sql=migrations.RunSQL.noop,
        ),
    ]
