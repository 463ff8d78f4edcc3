from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("delivery", "0002_plans_and_bundles")]

    operations = [
        migrations.AddField(
            model_name="courier",
            name="heard_at",
            field=models.DateTimeField(help_text="wall time at which the server received it", null=True),
        ),
        migrations.AddField(
            model_name="assignment",
            name="at_restaurant_at",
            field=models.DateTimeField(help_text="city time of the geofenced arrival", null=True),
        ),
        migrations.AddField(
            model_name="assignment",
            name="at_customer_at",
            field=models.DateTimeField(help_text="city time of the geofenced arrival", null=True),
        ),
    ]
