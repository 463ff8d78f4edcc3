from django.db import migrations


class Migration(migrations.Migration):
    """The table of the cache that all processes share, as `createcachetable` would make it, but unlogged.

    It counts guesses for minutes: PostgreSQL need not write it down twice, and may empty it after a crash.
    """

    dependencies = [("accounts", "0002_saved_addresses")]

    operations = [
        migrations.RunSQL(
            """
            CREATE UNLOGGED TABLE accounts_cache (
                cache_key varchar(255) PRIMARY KEY,
                value text NOT NULL,
                expires timestamptz NOT NULL
            );
            CREATE INDEX accounts_cache_expires ON accounts_cache (expires);
            """,
            "DROP TABLE accounts_cache",
        )
    ]
