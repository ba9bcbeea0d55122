"""Filters of the ticket list are kept too."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("whatsapp", "0026_sends")]

    operations = [
        migrations.AlterField(
            model_name="savedfilter",
            name="place",
            field=models.CharField(
                choices=[
                    ("conversations", "Conversations"),
                    ("leads", "Leads"),
                    ("tickets", "Tickets"),
                ],
                max_length=15,
            ),
        ),
    ]
