from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    dependencies = [("integrations", "0008_plan_for_the_largest")]

    operations = [
        migrations.AddField(
            "integration",
            "former_proofs",
            models.TextField(blank=True, default="", db_default=""),
        ),
        migrations.AddField(
            "session",
            "code_shown_at",
            models.DateTimeField(blank=True, null=True),
        ),
        # Which of the URLs that are there a provider uses, nobody noted: none of them is
        # taken for unused. As a default it fills the rows of all workspaces, whose walls
        # bind whoever migrates.
        migrations.AddField(
            "webhooktoken",
            "confirmed_at",
            models.DateTimeField(blank=True, null=True, db_default=Now()),
        ),
        migrations.AlterField(
            "webhooktoken",
            "confirmed_at",
            models.DateTimeField(blank=True, null=True),
        ),
    ]
