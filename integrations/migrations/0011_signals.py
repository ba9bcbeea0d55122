"""When a provider last answered, and mails of outages that are sent until they went out."""

from django.db import migrations, models

from accounts import walls

TO_MAIL = """
            SELECT DISTINCT episode.workspace_id FROM integrations_episode episode
             WHERE episode.closed_at IS NULL AND episode.mailed_at IS NULL
               AND episode.mail_tries < most_tries
            """
TO_TELL_END = """
            SELECT DISTINCT episode.workspace_id FROM integrations_episode episode
             WHERE episode."end" = 'recovered' AND episode.mailed_at IS NOT NULL
               AND episode.end_mailed_at IS NULL
               AND episode.closed_at <= statement_timestamp() - settled_for
               AND episode.closed_at > statement_timestamp() - not_after
            """
TO_TELL_END_AGAIN = f"""{TO_TELL_END}
               AND (episode.mail_next_at IS NULL
                    OR episode.mail_next_at <= statement_timestamp())
            """
TELL_END = "integrations_workspaces_to_tell_end(settled_for interval, not_after interval)"


class Migration(migrations.Migration):

    dependencies = [("integrations", "0010_tokens_proofs_codes")]

    operations = [
        migrations.AddField(
            model_name="session",
            name="answered_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="episode",
            name="mail_next_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        walls.let_cross_further("Episode", "SELECT (mail_next_at)"),
        walls.undone(
            walls.crossing_function(
                "integrations_workspaces_to_mail(most_tries integer)",
                TO_MAIL,
                returns="SETOF bigint",
                rows=10,
            )
        ),
        walls.crossing_function(
            "integrations_workspaces_to_mail()",
            """
            SELECT DISTINCT episode.workspace_id FROM integrations_episode episode
             WHERE episode.closed_at IS NULL AND episode.mailed_at IS NULL
               AND (episode.mail_next_at IS NULL
                    OR episode.mail_next_at <= statement_timestamp())
            """,
            returns="SETOF bigint",
            rows=10,
        ),
        walls.undone(
            walls.crossing_function(
                TELL_END, TO_TELL_END, returns="SETOF bigint", rows=10
            )
        ),
        walls.crossing_function(
            TELL_END, TO_TELL_END_AGAIN, returns="SETOF bigint", rows=10
        ),
    ]
