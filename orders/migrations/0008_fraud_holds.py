from django.db import migrations, models


def token() -> models.CharField:
    return models.CharField(blank=True, default="", help_text="keyed hash; see orders.tokens", max_length=20)


class Migration(migrations.Migration):
    dependencies = [("orders", "0007_restaurant_posts")]

    operations = [
        migrations.AddField(
            model_name="order",
            name="hold",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "not held"),
                    ("held", "held for review"),
                    ("lifted", "found genuine"),
                    ("rejected", "found fraudulent"),
                ],
                default="",
                max_length=8,
            ),
        ),
        migrations.AddField(model_name="order", name="device_token", field=token()),
        migrations.AddField(model_name="order", name="door_token", field=token()),
    ]
