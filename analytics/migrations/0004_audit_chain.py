"""Audit entries form a chain a partition, with signed checkpoints; the payload stays the text that was written."""

import django.contrib.postgres.indexes
from django.db import migrations, models

import analytics.audit.models


def signed(name: str, constraint: models.UniqueConstraint) -> migrations.CreateModel:
    return migrations.CreateModel(
        name=name,
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("generation", models.PositiveIntegerField()),
            ("topic", models.CharField(max_length=200)),
            ("partition", models.PositiveIntegerField()),
            ("count", models.BigIntegerField()),
            ("offset", models.BigIntegerField()),
            ("hash", models.CharField(max_length=64)),
            ("signature", models.CharField(max_length=64)),
        ],
        options={"constraints": [constraint], "abstract": False},
    )


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0003_dashboard_and_behaviour"),
    ]

    operations = [
        migrations.AddField(
            "auditentry",
            "actor_id",
            models.BigIntegerField(null=True, help_text="the account, where there is one"),
        ),
        migrations.AddField(
            "auditentry",
            "position",
            models.BigIntegerField(null=True, help_text="1 for a partition's first entry; none from before the chain"),
        ),
        migrations.AddField(
            "auditentry",
            "hash",
            models.CharField(
                blank=True, default="", max_length=64, help_text="SHA-256 over the hash before and this entry"
            ),
            preserve_default=False,
        ),
        migrations.AlterField("auditentry", "payload", analytics.audit.models.WrittenJSON()),
        migrations.AddConstraint(
            "auditentry",
            models.UniqueConstraint(
                fields=["generation", "topic", "partition", "position"], name="audit_position_once"
            ),
        ),
        migrations.AddIndex(
            "auditentry",
            django.contrib.postgres.indexes.BrinIndex(fields=["recorded_at"], name="audit_recorded"),
        ),
        signed(
            "AuditHead",
            models.UniqueConstraint(fields=["generation", "topic", "partition"], name="audit_head_once"),
        ),
        signed(
            "AuditCheckpoint",
            models.UniqueConstraint(fields=["generation", "topic", "partition", "count"], name="audit_checkpoint_once"),
        ),
        migrations.RunSQL(
            sql="""
                CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON analytics_auditcheckpoint
                    FOR EACH ROW EXECUTE FUNCTION analytics_refuse_change();
            """,
            reverse_sql="DROP TRIGGER audit_append_only ON analytics_auditcheckpoint;",
        ),
    ]
