from django.db import migrations

#: Tables whose rows are updated several times, soon after they were made.
TABLES = (
    "analytics_orderfact",
    "analytics_minutecount",
    "analytics_minutedelivery",
    "analytics_orderlife",
    "analytics_fraudprofile",
)


class Migration(migrations.Migration):
    """Leave room in each page: a row that finds its new version a place beside it needs no new index entries."""

    dependencies = [("analytics", "0007_monitoring_and_compliance")]

    operations = [
        migrations.RunSQL(
            sql=f"ALTER TABLE {table} SET (fillfactor = 60)", reverse_sql=f"ALTER TABLE {table} RESET (fillfactor)"
        )
        for table in TABLES
    ]
