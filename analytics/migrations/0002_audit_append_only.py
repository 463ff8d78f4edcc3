"""Audit entries are added and never changed: PostgreSQL itself refuses, whichever program asks."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('analytics', '0001_initial'),
    ]

    operations = [
        migrations.RunSQL(
            sql="""
                CREATE FUNCTION analytics_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    RAISE EXCEPTION 'audit entries are append-only: % of entry % refused', lower(TG_OP), OLD.id
                        USING ERRCODE = 'restrict_violation';
                END $$;
                CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON analytics_auditentry
                    FOR EACH ROW EXECUTE FUNCTION analytics_refuse_change();
            """,
            reverse_sql="""
                DROP TRIGGER audit_append_only ON analytics_auditentry;
                DROP FUNCTION analytics_refuse_change();
            """,
        ),
    ]
