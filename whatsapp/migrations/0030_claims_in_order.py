"""Claims read a queue in its order, and stop when they have enough.

Where a million sends are settled and some thousands wait, PostgreSQL counts those that wait as
one at most: it then looks at all of them, with everything that may stand against each, to sort
them before it takes the first few. The index has them sorted. Up to version 17 a plan that
does what is off counts as very dear, and would be compiled each time.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("whatsapp", "0029_figures")]

    operations = [
        migrations.RunSQL(
            [
                "ALTER FUNCTION whatsapp_outbox_claim SET enable_sort = off",
                "ALTER FUNCTION whatsapp_outbox_claim SET jit = off",
            ],
            [
                "ALTER FUNCTION whatsapp_outbox_claim RESET enable_sort",
                "ALTER FUNCTION whatsapp_outbox_claim RESET jit",
            ],
        )
    ]
