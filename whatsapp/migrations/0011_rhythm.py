"""The hours of a number, and whom a status that waits is about."""

import django.db.models.deletion
from django.db import migrations, models

from accounts import walls


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0006_walls"),
        ("integrations", "0003_sessions"),
        ("whatsapp", "0010_walls"),
    ]

    operations = [
        migrations.AddField(
            model_name="waitingstatus",
            name="peer_key",
            field=models.CharField(blank=True, db_default="", default="", max_length=140),
        ),
        migrations.CreateModel(
            name="ChannelHour",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("hour", models.DateTimeField()),
                ("inbound", models.PositiveIntegerField()),
                ("channel", models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="integrations.channel")),
                ("workspace", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace")),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("workspace", "channel", "hour"), name="channel_hour_unique")],
            },
        ),
        walls.composite_foreign_key("ChannelHour", "channel"),
        walls.police("ChannelHour"),
    ]
