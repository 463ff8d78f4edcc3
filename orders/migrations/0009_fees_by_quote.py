"""Zones have fares, fees are quoted, and PostgreSQL keeps an order's fee to its quote's."""

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0008_fraud_holds'),
    ]

    operations = [
        migrations.CreateModel(
            name='FareStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('zone', models.SlugField()),
                ('version', models.PositiveBigIntegerField()),
                ('surcharge', models.PositiveIntegerField()),
                ('lowest', models.PositiveIntegerField()),
                ('highest', models.PositiveIntegerField()),
                ('pressure', models.FloatField()),
                ('reason', models.CharField(max_length=20)),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'indexes': [models.Index(fields=['zone', 'at'], name='fare_step_at')],
                'constraints': [models.UniqueConstraint(fields=('zone', 'version'), name='fare_step_once')],
            },
        ),
        migrations.CreateModel(
            name='Pressure',
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
                'verbose_name_plural': 'pressure',
                'constraints': [models.UniqueConstraint(fields=('generation', 'key', 'bucket'), name='pressure_once')],
            },
        ),
        migrations.CreateModel(
            name='Quote',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('zone', models.SlugField()),
                ('fare_version', models.PositiveBigIntegerField(help_text='0: no fare was ever set in the zone')),
                ('usual', models.PositiveIntegerField(help_text="the restaurant's own fee then")),
                ('fee', models.PositiveIntegerField()),
                ('lowest', models.PositiveIntegerField(help_text='of the surcharge')),
                ('highest', models.PositiveIntegerField(help_text='of the surcharge')),
                ('made_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('valid_until', models.DateTimeField()),
                ('restaurant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='quotes', to='orders.restaurant')),
            ],
        ),
        migrations.AddField(
            model_name='order',
            name='quote',
            field=models.ForeignKey(db_constraint=False, help_text='the fee that was shown; none where a program ordered without asking for one', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='orders.quote'),
        ),
        migrations.CreateModel(
            name='ZoneFare',
            fields=[
                ('zone', models.SlugField(primary_key=True, serialize=False)),
                ('surcharge', models.PositiveIntegerField(default=0)),
                ('lowest', models.PositiveIntegerField(default=0)),
                ('highest', models.PositiveIntegerField(default=0)),
                ('version', models.PositiveBigIntegerField(default=0, help_text='sequence of its stream pricing.fees')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('surcharge__gte', models.F('lowest')), ('surcharge__lte', models.F('highest'))), name='surcharge_within_bounds')],
            },
        ),
        migrations.AddIndex(
            model_name='quote',
            index=models.Index(fields=['restaurant', '-made_at'], name='quote_newest'),
        ),
        migrations.AddConstraint(
            model_name='quote',
            constraint=models.UniqueConstraint(fields=('id', 'restaurant', 'fee'), name='quote_restaurant_fee'),
        ),
        migrations.AddConstraint(
            model_name='quote',
            constraint=models.CheckConstraint(condition=models.Q(('fee__gte', django.db.models.expressions.CombinedExpression(models.F('usual'), '+', models.F('lowest'))), ('fee__lte', django.db.models.expressions.CombinedExpression(models.F('usual'), '+', models.F('highest')))), name='quote_within_bounds'),
        ),
        migrations.RunSQL(
            sql="""
                -- Three columns: the quote is this restaurant's, and its fee is the order's.
                ALTER TABLE orders_order ADD CONSTRAINT order_fee_as_quoted
                    FOREIGN KEY (quote_id, restaurant_id, delivery_fee)
                    REFERENCES orders_quote (id, restaurant_id, fee);

                CREATE FUNCTION orders_refuse_requote() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    RAISE EXCEPTION 'quote % was shown as it is: make another instead', OLD.id
                        USING ERRCODE = 'restrict_violation';
                END $$;
                CREATE TRIGGER quote_stands BEFORE UPDATE ON orders_quote
                    FOR EACH ROW EXECUTE FUNCTION orders_refuse_requote();
            """,
            reverse_sql="""
                DROP TRIGGER quote_stands ON orders_quote;
                DROP FUNCTION orders_refuse_requote();
                ALTER TABLE orders_order DROP CONSTRAINT order_fee_as_quoted;
            """,
        ),
    ]
