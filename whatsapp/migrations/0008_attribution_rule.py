from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("whatsapp", "0007_saved_filter")]

    operations = [
        migrations.AddIndex(
            model_name="attribution",
            index=models.Index(
                fields=["workspace", "rule", "confidence"], name="attribution_rule"
            ),
        ),
    ]
