"""A refused refund keeps the operator's reason, which the customer reads."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0010_fees_told_again")]

    operations = [
        migrations.AddField(
            model_name="refund",
            name="refusal",
            field=models.CharField(
                blank=True, db_default="", help_text="why not, as the customer reads it", max_length=200
            ),
        ),
    ]
