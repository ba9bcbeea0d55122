from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("whatsapp", "0006_inbox")]

    operations = [
        migrations.AddIndex(
            model_name="attribution",
            index=models.Index(
                fields=["workspace", "rule", "confidence"], name="attribution_rule"
            ),
        ),
    ]
