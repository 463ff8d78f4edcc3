"""The ledger's two promises, kept by PostgreSQL: each posting sums to zero, and nothing written is changed."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0003_payments_and_ledger'),
    ]

    operations = [
        migrations.RunSQL(
            sql="""
                CREATE FUNCTION orders_posting_balances() RETURNS trigger LANGUAGE plpgsql AS $$
                DECLARE
                    subject bigint := CASE TG_TABLE_NAME WHEN 'orders_posting' THEN NEW.id ELSE
                        (to_jsonb(NEW) ->> 'posting_id')::bigint END;
                    total bigint;
                    sides integer;
                BEGIN
                    SELECT coalesce(sum(amount), 0), count(*) INTO total, sides
                    FROM orders_entry WHERE posting_id = subject;
                    IF total <> 0 OR sides < 2 THEN
                        RAISE EXCEPTION 'posting % has % entries that sum to %: a posting has two sides and balances',
                            subject, sides, total USING ERRCODE = 'check_violation', CONSTRAINT = 'posting_balances';
                    END IF;
                    RETURN NULL;
                END $$;
                CREATE CONSTRAINT TRIGGER posting_balances AFTER INSERT ON orders_posting
                    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION orders_posting_balances();
                CREATE CONSTRAINT TRIGGER entries_balance AFTER INSERT ON orders_entry
                    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION orders_posting_balances();

                CREATE FUNCTION orders_ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    RAISE EXCEPTION 'the ledger is append-only: % of % % refused; post the opposite instead',
                        lower(TG_OP), TG_TABLE_NAME, OLD.id USING ERRCODE = 'restrict_violation';
                END $$;
                CREATE TRIGGER posting_append_only BEFORE UPDATE OR DELETE ON orders_posting
                    FOR EACH ROW EXECUTE FUNCTION orders_ledger_refuse_change();
                CREATE TRIGGER entry_append_only BEFORE UPDATE OR DELETE ON orders_entry
                    FOR EACH ROW EXECUTE FUNCTION orders_ledger_refuse_change();

                -- The foreign key of entries locks its posting, which takes the right to update: that stays.
                REVOKE UPDATE, DELETE ON orders_entry FROM PUBLIC, CURRENT_USER;
                REVOKE DELETE ON orders_posting FROM PUBLIC, CURRENT_USER;
            """,
            reverse_sql="""
                GRANT UPDATE, DELETE ON orders_entry, orders_posting TO CURRENT_USER;
                DROP TRIGGER entry_append_only ON orders_entry;
                DROP TRIGGER posting_append_only ON orders_posting;
                DROP FUNCTION orders_ledger_refuse_change();
                DROP TRIGGER entries_balance ON orders_entry;
                DROP TRIGGER posting_balances ON orders_posting;
                DROP FUNCTION orders_posting_balances();
            """,
        ),
    ]
