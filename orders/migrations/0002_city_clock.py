"""The city's one row and the function that is its clock."""

from django.db import migrations
from django.db.models.functions import Now

CITY_NOW = """
CREATE FUNCTION city_now() RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT anchor_city + (clock_timestamp() - anchor_wall) * speed FROM orders_city WHERE id = 1
$$
"""


def make_city(apps, schema_editor):
    # The default clock is the wall's own: a city runs fast only where somebody asks for it.
    apps.get_model("orders", "City").objects.create(id=1, anchor_city=Now(), anchor_wall=Now())


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial")]
    operations = [
        migrations.RunPython(make_city, migrations.RunPython.noop),
        migrations.RunSQL(CITY_NOW, "DROP FUNCTION city_now()"),
    ]
