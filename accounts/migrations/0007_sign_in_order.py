"""The record of sign-ins in the order in which it is read: newest first, also by outcome."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_walls"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="signinevent",
            index=models.Index(fields=["-at", "-id"], name="signinevent_newest"),
        ),
        migrations.AddIndex(
            model_name="signinevent",
            index=models.Index(
                fields=["outcome", "-at", "-id"], name="signinevent_outcome"
            ),
        ),
        # The index of its own, which the first one above makes needless.
        migrations.AlterField(
            model_name="signinevent",
            name="at",
            field=models.DateTimeField(),
        ),
    ]
