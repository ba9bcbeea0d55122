from django.db import migrations

from accounts import planning


class Migration(migrations.Migration):
    dependencies = [("tickets", "0011_figures")]

    operations = [planning.plan_for_the_largest()]
