"""What the number page shows: last message, last post, how outages ended and who was told."""

from django.db import migrations, models

from accounts import walls


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0006_walls"),
        ("integrations", "0003_sessions"),
    ]

    operations = [
        migrations.AddField(
            model_name="channel",
            name="last_inbound_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="channel",
            name="last_webhook_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="episode",
            name="end",
            field=models.CharField(blank=True, choices=[("recovered", "The number is well again"), ("taken_off", "Somebody disconnected the number")], default="", max_length=10),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="episode",
            name="end_mailed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="episode",
            index=models.Index(condition=models.Q(("end", "recovered"), ("end_mailed_at__isnull", True), ("mailed_at__isnull", False)), fields=["closed_at"], name="episode_end_untold"),
        ),
        walls.let_cross_further("Episode", 'SELECT ("end", end_mailed_at)'),
        walls.crossing_function(
            "integrations_workspaces_to_tell_end(settled_for interval, not_after interval)",
            """
            SELECT DISTINCT episode.workspace_id FROM integrations_episode episode
             WHERE episode."end" = 'recovered' AND episode.mailed_at IS NOT NULL
               AND episode.end_mailed_at IS NULL
               AND episode.closed_at <= statement_timestamp() - settled_for
               AND episode.closed_at > statement_timestamp() - not_after
            """,
            returns="SETOF bigint",
            rows=10,
        ),
    ]
