from django.db import migrations, models
from django.db.models.functions.datetime import Now


class Migration(migrations.Migration):
    dependencies = [("analytics", "0004_audit_chain")]

    operations = [
        migrations.CreateModel(
            name="FraudProfile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("generation", models.PositiveIntegerField()),
                ("kind", models.CharField(max_length=10)),
                ("token", models.CharField(max_length=60)),
                ("state", models.JSONField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("generation", "kind", "token"), name="fraud_profile_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="FraudDecision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("order_id", models.UUIDField()),
                (
                    "stage",
                    models.CharField(help_text="placed, authorised, declined, refund or linked", max_length=10),
                ),
                ("account", models.BigIntegerField()),
                ("score", models.PositiveIntegerField()),
                ("rules", models.JSONField(help_text="name → points, of those that held")),
                ("features", models.JSONField(help_text="those that are not 0")),
                (
                    "because_of",
                    models.UUIDField(help_text="the order whose suspicion falls on this one, where linked", null=True),
                ),
                ("at", models.DateTimeField(help_text="city time of what was judged")),
                ("recorded_at", models.DateTimeField(help_text="wall time of the event's transaction", null=True)),
                ("decided_at", models.DateTimeField(db_default=Now(), help_text="wall time")),
            ],
            options={
                "indexes": [models.Index(fields=["account", "-at"], name="fraud_decision_account")],
                "constraints": [models.UniqueConstraint(fields=("order_id", "stage"), name="fraud_decision_once")],
            },
        ),
        migrations.CreateModel(
            name="FraudCase",
            fields=[
                ("order_id", models.UUIDField(primary_key=True, serialize=False)),
                ("account", models.BigIntegerField()),
                ("card", models.CharField(blank=True, max_length=40)),
                ("device", models.CharField(blank=True, max_length=40)),
                ("door", models.CharField(blank=True, max_length=40)),
                ("courier", models.BigIntegerField(default=0)),
                ("stage", models.CharField(max_length=10)),
                ("score", models.PositiveIntegerField()),
                ("rules", models.JSONField(help_text="name → points, of those that held when it was opened")),
                ("opened_at", models.DateTimeField(help_text="city time")),
                ("created_at", models.DateTimeField(db_default=Now(), help_text="wall time")),
                (
                    "verdict",
                    models.CharField(
                        blank=True,
                        choices=[("", "open"), ("genuine", "Genuine"), ("fraud", "Fraud")],
                        default="",
                        max_length=8,
                    ),
                ),
                ("note", models.CharField(blank=True, help_text="the reviewer's; never in events", max_length=200)),
                ("reviewer_id", models.BigIntegerField(null=True)),
                ("judged_at", models.DateTimeField(help_text="wall time", null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("verdict", "")), fields=["-score", "created_at"], name="fraud_case_open"
                    ),
                    models.Index(fields=["-created_at"], name="fraud_case_recent"),
                ],
            },
        ),
    ]
