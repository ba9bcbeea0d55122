"""What people are shown of sends, and the ways of the page that lists them."""

import django.contrib.postgres.functions
import django.db.models.fields.json
import django.db.models.functions.comparison
import django.db.models.functions.text
from django.db import migrations, models

import accounts.keys
from accounts import walls

# The newest sends whose messages hold these words. A word that many hold is found among the
# newest of the period; only a rarer one is looked up in the index. The period ends before the
# send `until_id` of the moment `until`: many may be promised in one moment.
SEARCH_SENDS = """
WITH scope AS MATERIALIZED (
    SELECT nullif(current_setting('app.workspace_id', true), '')::bigint AS workspace_id,
           to_tsquery('simple', query) AS wanted
), newest AS MATERIALIZED (
    SELECT id, message_id, created_at FROM whatsapp_outboxentry
     WHERE workspace_id = (SELECT workspace_id FROM scope)
       AND created_at >= since AND (created_at, id) < (until, until_id)
     ORDER BY created_at DESC, id DESC LIMIT 10000
), recent AS MATERIALIZED (
    SELECT newest.id, newest.created_at
      FROM newest JOIN whatsapp_message said ON said.id = newest.message_id
     WHERE said.search @@ (SELECT wanted FROM scope)
     ORDER BY newest.created_at DESC, newest.id DESC LIMIT most
), anywhere AS (
    SELECT entry.id, entry.created_at
      FROM whatsapp_message said
      JOIN whatsapp_outboxentry entry ON entry.message_id = said.id
     WHERE (SELECT count(*) FROM newest) = 10000 AND (SELECT count(*) FROM recent) < most
       AND said.workspace_id + 0 = (SELECT workspace_id FROM scope)
       AND said.search @@ (SELECT wanted FROM scope)
       AND entry.created_at >= since AND (entry.created_at, entry.id) < (until, until_id)
     ORDER BY entry.created_at DESC, entry.id DESC LIMIT most
)
SELECT id FROM recent UNION SELECT id FROM anywhere
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0007_sign_in_order'),
        ('integrations', '0005_simulated_phone'),
        ('whatsapp', '0025_responder'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='outboxentry',
            name='outbox_list',
        ),
        migrations.AddField(
            model_name='outboxentry',
            name='delivery',
            field=models.CharField(blank=True, db_default='', default='', max_length=10),
        ),
        migrations.AddField(
            model_name='outboxentry',
            name='request_digest',
            field=models.CharField(blank=True, db_default='', default='', max_length=64),
        ),
        migrations.AddField(
            model_name='outboxentry',
            name='key',
            field=models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), default=accounts.keys.new_key, editable=False, unique=True),
        ),
        migrations.AddField(
            model_name='outboxentry',
            name='template',
            field=models.GeneratedField(db_persist=True, expression=models.Case(models.When(payload__content__type='template', then=django.db.models.functions.comparison.Coalesce(django.db.models.functions.text.Left(django.db.models.fields.json.KeyTextTransform('name', django.db.models.fields.json.KeyTextTransform('content', 'payload')), 512), models.Value(''))), default=models.Value('')), output_field=models.CharField(max_length=512)),
        ),
        migrations.AddField(
            model_name='outboxentry',
            name='shown',
            field=models.GeneratedField(db_persist=True, expression=models.Case(models.When(state__in=['due', 'claimed'], then=models.Value('queued')), models.When(state='submitting', then=models.Value('sending')), models.When(state='uncertain', then=models.Value('unconfirmed')), models.When(models.Q(('state', 'accepted'), _negated=True), then=models.F('state')), models.When(delivery='played', then=models.Value('read')), models.When(delivery__in=['sent', 'delivered', 'read', 'failed'], then=models.F('delivery')), default=models.Value('accepted')), output_field=models.CharField(max_length=11)),
        ),
        migrations.AddIndex(
            model_name='outboxentry',
            index=models.Index(fields=['workspace', '-created_at', '-id'], include=('shown', 'channel'), name='outbox_recent'),
        ),
        migrations.AddIndex(
            model_name='outboxentry',
            index=models.Index(fields=['workspace', 'shown', '-created_at', '-id'], name='outbox_shown'),
        ),
        migrations.AddIndex(
            model_name='outboxentry',
            index=models.Index(condition=models.Q(('reason', ''), _negated=True), fields=['workspace', 'reason', '-created_at', '-id'], include=('shown',), name='outbox_reason'),
        ),
        migrations.AddIndex(
            model_name='outboxentry',
            index=models.Index(condition=models.Q(('template', ''), _negated=True), fields=['workspace', 'template', '-created_at', '-id'], include=('shown',), name='outbox_template'),
        ),
        migrations.AddIndex(
            model_name='outboxentry',
            index=models.Index(fields=['workspace', 'peer_key', '-created_at', '-id'], name='outbox_person'),
        ),
        walls.let_cross_further("OutboxEntry", "SELECT (message_id)"),
        walls.crossing_function(
            "whatsapp_search_sends(query text, since timestamptz, until timestamptz,"
            " until_id bigint, most integer)",
            SEARCH_SENDS,
            returns="TABLE (entry_id bigint)",
            rows=100,
        ),
    ]
