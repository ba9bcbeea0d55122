"""The walls of room 3."""

from django.db import migrations

from accounts import walls

REFERRED = ("Client", "Ticket", "TicketEvent", "NotificationRule")


class Migration(migrations.Migration):
    dependencies = [("whatsapp", "0010_walls"), ("tickets", "0001_initial")]

    operations = [
        *(walls.composite_key(model) for model in REFERRED),
        *(walls.police(model) for model in (*REFERRED, "Notification")),
    ]
