from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('messaging', '0001_initial'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='outboxrow',
            index=models.Index(condition=models.Q(('blocked', True), ('next_try_at__isnull', False), _connector='OR'), fields=['road', 'shard'], name='outbox_held'),
        ),
    ]
