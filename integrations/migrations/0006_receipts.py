"""Whether people see that we have read what they wrote, and that somebody is writing."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0005_simulated_phone")]

    operations = [
        migrations.AddField("channel", "marks_read", models.BooleanField(db_default=False, default=False)),
        migrations.AddField("channel", "shows_typing", models.BooleanField(db_default=False, default=False)),
    ]
