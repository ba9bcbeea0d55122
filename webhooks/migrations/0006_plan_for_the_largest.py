from django.db import migrations

from accounts import planning


class Migration(migrations.Migration):
    dependencies = [("webhooks", "0005_walls")]

    operations = [planning.plan_for_the_largest()]
