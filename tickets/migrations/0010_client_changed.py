"""Clients in the order of their changes, for systems that keep up with them."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tickets', '0009_event_walls'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='client',
            index=models.Index(fields=['workspace', 'updated_at', 'id'], name='client_changed'),
        ),
    ]
