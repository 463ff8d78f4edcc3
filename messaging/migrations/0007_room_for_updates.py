from django.db import migrations

TABLE = "messaging_streamsequence"


class Migration(migrations.Migration):
    """Leave room in each page: a row that finds its new version a place beside it needs no new index entries."""

    dependencies = [("messaging", "0006_replay_runs")]

    operations = [
        migrations.RunSQL(
            sql=f"ALTER TABLE {TABLE} SET (fillfactor = 60)", reverse_sql=f"ALTER TABLE {TABLE} RESET (fillfactor)"
        ),
    ]
