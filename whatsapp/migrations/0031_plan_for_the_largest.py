from django.db import migrations

from accounts import planning


class Migration(migrations.Migration):
    dependencies = [("whatsapp", "0030_claims_in_order")]

    operations = [planning.plan_for_the_largest()]
