"""Which invitations were mailed, and under which name the account of each will be known."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("central", "0003_family_session")]

    operations = [
        migrations.AddField(
            model_name="invitation",
            name="is_mailed",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="invitation",
            name="sub",
            field=models.UUIDField(null=True),
        ),
    ]
