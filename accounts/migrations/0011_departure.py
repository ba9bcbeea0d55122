"""How people go by hand: until then a sign-in rule let them back in."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from accounts import walls


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0010_invited_account'),
    ]

    operations = [
        migrations.CreateModel(
            name='Departure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('workspace', 'user'), name='departure_unique')],
            },
        ),
        walls.police("Departure"),
    ]
