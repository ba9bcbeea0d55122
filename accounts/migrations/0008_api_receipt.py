"""Answers under an Idempotency-Key, so that a request that is repeated is one deed."""

import django.db.models.deletion
from django.db import migrations, models

from accounts import walls


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0007_sign_in_order'),
    ]

    operations = [
        migrations.CreateModel(
            name='ApiReceipt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('system', models.CharField(max_length=24)),
                ('repeat_key', models.CharField(max_length=128)),
                ('digest', models.CharField(max_length=64)),
                ('status', models.PositiveSmallIntegerField(default=0)),
                ('location', models.CharField(blank=True, max_length=500)),
                ('body', models.TextField(blank=True)),
                ('created_at', models.DateTimeField()),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
            options={
                'indexes': [models.Index(fields=['workspace', 'created_at'], name='api_receipt_age')],
                'constraints': [models.UniqueConstraint(fields=('workspace', 'system', 'repeat_key'), name='api_receipt_unique')],
            },
        ),
        walls.police("ApiReceipt"),
    ]
