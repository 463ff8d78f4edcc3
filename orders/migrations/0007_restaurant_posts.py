from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0006_choices_desk_ratings")]

    operations = [
        migrations.AddField(
            model_name="restaurant",
            name="posted_at",
            field=models.DateTimeField(help_text="wall time of its latest post to followers", null=True),
        ),
    ]
