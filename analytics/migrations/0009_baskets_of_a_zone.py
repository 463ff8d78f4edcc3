"""A zone's latest baskets are found without looking at those of others."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("analytics", "0008_room_for_updates")]

    operations = [
        migrations.AddIndex(
            model_name="placedbasket",
            index=models.Index(fields=["generation", "zone", "-placed_at"], name="placed_basket_zone"),
        ),
    ]
