"""The baskets that recommendations are made from. A group that has counted orders before reads them with a replay."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("analytics", "0005_fraud")]

    operations = [
        migrations.CreateModel(
            name="PlacedBasket",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("generation", models.PositiveIntegerField()),
                ("order_id", models.UUIDField()),
                ("customer_id", models.BigIntegerField()),
                ("restaurant_id", models.BigIntegerField()),
                ("restaurant", models.CharField(help_text="the name it had then", max_length=80)),
                ("zone", models.CharField(max_length=60)),
                ("placed_at", models.DateTimeField(help_text="city time")),
                ("items", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["generation", "customer_id", "-placed_at"], name="placed_basket_customer"),
                    models.Index(fields=["generation", "restaurant_id", "-placed_at"], name="placed_basket_restaurant"),
                    models.Index(fields=["generation", "-placed_at"], name="placed_basket_latest"),
                ],
                "constraints": [models.UniqueConstraint(fields=("generation", "order_id"), name="placed_basket_once")],
            },
        ),
    ]
