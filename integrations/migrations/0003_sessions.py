"""Sessions that are asked about, the episodes of their outages, and who may look for them."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import accounts.keys
from accounts import walls

CLAIM = """
WITH picked AS (
    SELECT due.id FROM integrations_session due
     WHERE due.ended_at IS NULL AND due.next_check_at <= statement_timestamp()
       AND (due.lease_until IS NULL OR due.lease_until <= statement_timestamp())
       AND (only_workspace IS NULL OR due.workspace_id = only_workspace)
     ORDER BY due.next_check_at, due.id
     LIMIT most
       FOR UPDATE SKIP LOCKED
)
UPDATE integrations_session session
   SET lease_token = token,
       lease_until = statement_timestamp() + make_interval(secs => lease_seconds)
  FROM picked WHERE session.id = picked.id
RETURNING session.id, session.workspace_id
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0006_walls'),
        ('integrations', '0002_walls'),
    ]

    operations = [
        migrations.CreateModel(
            name='Episode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField(default=accounts.keys.new_key, editable=False, unique=True)),
                ('state', models.CharField(choices=[('created', 'Created'), ('awaiting_user', 'Waiting for you'), ('verifying', 'Checking'), ('connected', 'Connected'), ('degraded', 'Unsteady'), ('disconnected', 'Disconnected'), ('expired', 'Expired'), ('failed', 'Failed')], max_length=15)),
                ('signal', models.CharField(choices=[('provider', 'The provider told us'), ('probe', 'We asked the provider'), ('silence', 'Nobody writes')], max_length=10)),
                ('problem', models.CharField(blank=True, choices=[('key_wrong', 'The provider does not accept the key'), ('permission_missing', 'The key may not do this'), ('credentials_unreadable', 'The vault does not open the credentials'), ('number_wrong', 'Another number than expected is connected'), ('number_taken', 'The number is connected somewhere else already'), ('unreachable', 'The provider cannot be reached'), ('unavailable', 'The provider cannot answer at the moment'), ('busy', 'The provider asks us to wait'), ('unreadable', "The provider's answer cannot be understood"), ('refused', 'The provider says no'), ('unsupported', 'The provider cannot do this'), ('logged_out', 'The phone or the provider ended the connection'), ('unsteady', 'The connection is unsteady'), ('silent', 'No messages come in, unlike in other weeks'), ('too_late', 'Nobody finished connecting in time')], max_length=25)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('opened_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('relapses', models.PositiveIntegerField(default=0)),
                ('mailed_at', models.DateTimeField(blank=True, null=True)),
                ('mail_tries', models.PositiveSmallIntegerField(default=0)),
            ],
        ),
        migrations.AddField(
            model_name='session',
            name='code_expires_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='session',
            name='failing_since',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='session',
            name='failures',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='session',
            name='heard_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='session',
            name='lease_token',
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='session',
            name='lease_until',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='session',
            name='link_digest',
            field=models.BinaryField(blank=True, max_length=32, null=True),
        ),
        migrations.AddField(
            model_name='session',
            name='next_check_at',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.AddField(
            model_name='session',
            name='pairing_code',
            field=models.CharField(blank=True, max_length=20),
        ),
        migrations.AddField(
            model_name='session',
            name='probe_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='session',
            name='probe_problem',
            field=models.CharField(blank=True, max_length=25),
        ),
        migrations.AddField(
            model_name='session',
            name='probe_reason',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name='session',
            name='probe_since',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='session',
            name='probe_state',
            field=models.CharField(blank=True, max_length=15),
        ),
        migrations.AddField(
            model_name='session',
            name='problem',
            field=models.CharField(blank=True, choices=[('key_wrong', 'The provider does not accept the key'), ('permission_missing', 'The key may not do this'), ('credentials_unreadable', 'The vault does not open the credentials'), ('number_wrong', 'Another number than expected is connected'), ('number_taken', 'The number is connected somewhere else already'), ('unreachable', 'The provider cannot be reached'), ('unavailable', 'The provider cannot answer at the moment'), ('busy', 'The provider asks us to wait'), ('unreadable', "The provider's answer cannot be understood"), ('refused', 'The provider says no'), ('unsupported', 'The provider cannot do this'), ('logged_out', 'The phone or the provider ended the connection'), ('unsteady', 'The connection is unsteady'), ('silent', 'No messages come in, unlike in other weeks'), ('too_late', 'Nobody finished connecting in time')], max_length=25),
        ),
        migrations.AddField(
            model_name='session',
            name='signal',
            field=models.CharField(blank=True, choices=[('provider', 'The provider told us'), ('probe', 'We asked the provider'), ('silence', 'Nobody writes')], max_length=10),
        ),
        migrations.AddField(
            model_name='session',
            name='silent_since',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='session',
            name='state_since',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='session',
            name='told_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='session',
            name='told_reason',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name='session',
            name='told_state',
            field=models.CharField(blank=True, max_length=15),
        ),
        migrations.AddField(
            model_name='webhooktoken',
            name='sealed',
            field=models.TextField(blank=True, default=''),
        ),
        migrations.AlterField(
            model_name='session',
            name='state',
            field=models.CharField(choices=[('created', 'Created'), ('awaiting_user', 'Waiting for you'), ('verifying', 'Checking'), ('connected', 'Connected'), ('degraded', 'Unsteady'), ('disconnected', 'Disconnected'), ('expired', 'Expired'), ('failed', 'Failed')], default='created', max_length=15),
        ),
        migrations.AddIndex(
            model_name='session',
            index=models.Index(condition=models.Q(('ended_at__isnull', True)), fields=['next_check_at'], name='session_due'),
        ),
        migrations.AddField(
            model_name='episode',
            name='channel',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='episodes', to='integrations.channel'),
        ),
        migrations.AddField(
            model_name='episode',
            name='workspace',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace'),
        ),
        migrations.AddIndex(
            model_name='episode',
            index=models.Index(fields=['workspace', 'channel', '-opened_at'], name='episode_recent'),
        ),
        migrations.AddConstraint(
            model_name='episode',
            constraint=models.UniqueConstraint(condition=models.Q(('closed_at__isnull', True)), fields=('workspace', 'channel'), name='episode_one_open'),
        ),
        migrations.AddConstraint(
            model_name='episode',
            constraint=models.CheckConstraint(condition=models.Q(('closed_at__isnull', True), ('closed_at__gte', models.F('opened_at')), _connector='OR'), name='episode_closes_after_it_opens'),
        ),
        walls.composite_foreign_key("Episode", "channel"),
        walls.police("Episode"),
        walls.let_cross(
            "Session",
            "SELECT (id, workspace_id, ended_at, next_check_at, lease_until)",
            "UPDATE (lease_token, lease_until)",
        ),
        walls.let_cross(
            "Episode",
            "SELECT (workspace_id, opened_at, closed_at, mailed_at, mail_tries)",
        ),
        walls.crossing_function(
            "integrations_claim_sessions(most integer, only_workspace bigint, token uuid,"
            " lease_seconds integer)",
            CLAIM,
            returns="TABLE (row_id bigint, row_workspace_id bigint)",
            volatility="VOLATILE",
            rows=500,
        ),
        walls.crossing_function(
            "integrations_workspaces_to_mail(most_tries integer)",
            """
            SELECT DISTINCT episode.workspace_id FROM integrations_episode episode
             WHERE episode.closed_at IS NULL AND episode.mailed_at IS NULL
               AND episode.mail_tries < most_tries
            """,
            returns="SETOF bigint",
            rows=10,
        ),
    ]
