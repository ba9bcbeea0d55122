from django.db import migrations

from accounts import planning


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_api_receipt")]

    operations = [planning.plan_for_the_largest()]
