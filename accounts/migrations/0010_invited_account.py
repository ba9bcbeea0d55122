"""Which account was made from an invitation's link: it may take it up, whatever its address."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0009_plan_for_the_largest")]

    operations = [
        migrations.AddField(
            model_name="invitation",
            name="account_sub",
            field=models.CharField(blank=True, max_length=255),
        ),
    ]
