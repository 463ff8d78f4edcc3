"""What stood out of the market's ticks, and a record of fees that PostgreSQL keeps as it was written."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('analytics', '0006_placed_baskets'),
    ]

    operations = [
        migrations.CreateModel(
            name='Anomaly',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('generation', models.PositiveIntegerField()),
                ('zone', models.CharField(max_length=60)),
                ('kind', models.CharField(choices=[('spike', 'demand jumps'), ('starved', 'orders wait and no courier is free'), ('silent', 'no ticks came')], max_length=8)),
                ('bucket', models.BigIntegerField()),
                ('value', models.FloatField(help_text='orders, or seconds of silence before the bucket')),
                ('usual', models.FloatField(help_text='the median before, couriers free, or seconds allowed')),
            ],
            options={
                'verbose_name_plural': 'anomalies',
                'indexes': [models.Index(fields=['generation', '-bucket'], name='anomaly_newest')],
                'constraints': [models.UniqueConstraint(fields=('generation', 'zone', 'kind', 'bucket'), name='anomaly_once')],
            },
        ),
        migrations.CreateModel(
            name='ChargeRecord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('generation', models.PositiveIntegerField()),
                ('order_id', models.UUIDField()),
                ('restaurant_id', models.BigIntegerField()),
                ('zone', models.CharField(max_length=60)),
                ('quote_id', models.UUIDField(null=True)),
                ('fee', models.BigIntegerField()),
                ('total', models.BigIntegerField()),
                ('at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['generation', '-at'], name='charge_record_newest')],
                'constraints': [models.UniqueConstraint(fields=('generation', 'order_id'), name='charge_record_once')],
            },
        ),
        migrations.CreateModel(
            name='FareRecord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('generation', models.PositiveIntegerField()),
                ('zone', models.CharField(max_length=60)),
                ('version', models.BigIntegerField()),
                ('surcharge', models.BigIntegerField()),
                ('lowest', models.BigIntegerField()),
                ('highest', models.BigIntegerField()),
                ('pressure', models.FloatField()),
                ('reason', models.CharField(max_length=20)),
                ('at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('generation', 'zone', 'version'), name='fare_record_once')],
            },
        ),
        migrations.CreateModel(
            name='MarketBucket',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('generation', models.PositiveIntegerField()),
                ('key', models.CharField(max_length=60)),
                ('bucket', models.BigIntegerField(help_text='number of its first slot, divided by how many it has')),
                ('seen', models.BigIntegerField(help_text='a bit for each slot that was counted')),
                ('demand', models.BigIntegerField()),
                ('supply', models.BigIntegerField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('generation', 'key', 'bucket'), name='market_bucket_once')],
            },
        ),
        migrations.CreateModel(
            name='MarketSpan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('generation', models.PositiveIntegerField()),
                ('zone', models.CharField(max_length=60)),
                ('minute', models.BigIntegerField(help_text='minutes since 1970')),
                ('least_demand', models.BigIntegerField()),
                ('most_demand', models.BigIntegerField()),
                ('least_supply', models.BigIntegerField()),
                ('most_supply', models.BigIntegerField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('generation', 'zone', 'minute'), name='market_span_once')],
            },
        ),
        migrations.CreateModel(
            name='QuoteRecord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('generation', models.PositiveIntegerField()),
                ('quote_id', models.UUIDField()),
                ('restaurant_id', models.BigIntegerField()),
                ('zone', models.CharField(max_length=60)),
                ('fare_version', models.BigIntegerField()),
                ('usual', models.BigIntegerField()),
                ('fee', models.BigIntegerField()),
                ('lowest', models.BigIntegerField()),
                ('highest', models.BigIntegerField()),
                ('shown_at', models.DateTimeField()),
                ('valid_until', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('generation', 'quote_id'), name='quote_record_once')],
            },
        ),
        migrations.CreateModel(
            name='TakenRecord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('generation', models.PositiveIntegerField()),
                ('order_id', models.UUIDField()),
                ('amount', models.BigIntegerField()),
                ('at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('generation', 'order_id'), name='taken_record_once')],
            },
        ),
        migrations.RunSQL(
            sql="""
                CREATE FUNCTION analytics_refuse_other_record() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    RAISE EXCEPTION 'the record of fees is append-only: % of % % refused', lower(TG_OP), TG_TABLE_NAME,
                        OLD.id USING ERRCODE = 'restrict_violation';
                END $$;
                CREATE TRIGGER record_append_only BEFORE UPDATE OR DELETE ON analytics_farerecord
                    FOR EACH ROW EXECUTE FUNCTION analytics_refuse_other_record();
                CREATE TRIGGER record_append_only BEFORE UPDATE OR DELETE ON analytics_quoterecord
                    FOR EACH ROW EXECUTE FUNCTION analytics_refuse_other_record();
                CREATE TRIGGER record_append_only BEFORE UPDATE OR DELETE ON analytics_chargerecord
                    FOR EACH ROW EXECUTE FUNCTION analytics_refuse_other_record();
                CREATE TRIGGER record_append_only BEFORE UPDATE OR DELETE ON analytics_takenrecord
                    FOR EACH ROW EXECUTE FUNCTION analytics_refuse_other_record();
            """,
            reverse_sql="""
                DROP TRIGGER record_append_only ON analytics_takenrecord;
                DROP TRIGGER record_append_only ON analytics_chargerecord;
                DROP TRIGGER record_append_only ON analytics_quoterecord;
                DROP TRIGGER record_append_only ON analytics_farerecord;
                DROP FUNCTION analytics_refuse_other_record();
            """,
        ),
    ]
