from django.db import migrations

from accounts import planning


class Migration(migrations.Migration):
    dependencies = [("integrations", "0007_claims")]

    operations = [planning.plan_for_the_largest()]
