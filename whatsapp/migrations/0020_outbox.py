"""The outbox at work: queues, turns, breakers, the fence, and who does not want to be written to.

Claiming looks across workspaces and learns ids alone. Every statement of the function sees
what was committed before it: the numbers it marks first are held until it ends, so nobody
else claims from them meanwhile and what it then reads of their queues is true.
"""

from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

NOW = "statement_timestamp()"
READY = f"waiting.state = 'due' AND waiting.next_at <= {NOW}"

CLAIM = f"""
WITH RECURSIVE due_channel AS (
    (SELECT waiting.channel_id AS id FROM whatsapp_outboxentry waiting
      WHERE waiting.state = 'due' ORDER BY waiting.channel_id LIMIT 1)
    UNION ALL
    SELECT (SELECT waiting.channel_id FROM whatsapp_outboxentry waiting
             WHERE waiting.state = 'due' AND waiting.channel_id > due_channel.id
             ORDER BY waiting.channel_id LIMIT 1)
      FROM due_channel WHERE due_channel.id IS NOT NULL
), marked AS (
    SELECT pace.id FROM due_channel
      JOIN whatsapp_channelpace pace ON pace.channel_id = due_channel.id
      LEFT JOIN whatsapp_breaker breaker
        ON breaker.workspace_id = pace.workspace_id
       AND breaker.integration_id = pace.integration_id
     WHERE NOT pace.is_paused
       AND (pace.per_second IS NULL
            OR pace.next_turn_at < {NOW} + make_interval(secs => ahead_seconds))
       AND (breaker.opened_at IS NULL OR breaker.probe_at <= {NOW})
       AND (EXISTS (SELECT FROM whatsapp_outboxentry waiting
                     WHERE {READY} AND waiting.channel_id = pace.channel_id
                       AND waiting.is_bulk = false)
            OR EXISTS (SELECT FROM whatsapp_outboxentry waiting
                        WHERE {READY} AND waiting.channel_id = pace.channel_id
                          AND waiting.is_bulk = true))
     ORDER BY pace.workspace_id <= after_workspace, pace.workspace_id, pace.id
     LIMIT most
       FOR UPDATE OF pace SKIP LOCKED
)
UPDATE whatsapp_channelpace pace SET claim_token = token
  FROM marked WHERE pace.id = marked.id;

WITH lane AS (
    SELECT pace.id, pace.workspace_id, pace.channel_id, pace.integration_id,
           pace.per_second, breaker.opened_at IS NOT NULL AS is_probing,
           GREATEST(pace.next_turn_at, {NOW}) AS starts_at,
           GREATEST(1, most / (
               (SELECT count(DISTINCT other.workspace_id) FROM whatsapp_channelpace other
                 WHERE other.claim_token = token)
               * count(*) OVER (PARTITION BY pace.workspace_id))) AS share
      FROM whatsapp_channelpace pace
      LEFT JOIN whatsapp_breaker breaker
        ON breaker.workspace_id = pace.workspace_id
       AND breaker.integration_id = pace.integration_id
     WHERE pace.claim_token = token
), picked AS (
    SELECT row.id, lane.id AS lane_id,
           row_number() OVER (PARTITION BY lane.id
                              ORDER BY row.is_bulk, row.next_at, row.id) - 1 AS place
      FROM lane CROSS JOIN LATERAL (
        SELECT waiting.id, waiting.is_bulk, waiting.next_at
          FROM whatsapp_outboxentry waiting
         WHERE {READY} AND waiting.channel_id = lane.channel_id
           AND waiting.epoch = (SELECT fence.epoch FROM whatsapp_outboxfence fence)
           AND NOT EXISTS (
                SELECT FROM whatsapp_outboxentry before
                 WHERE before.channel_id = waiting.channel_id
                   AND before.peer_key = waiting.peer_key
                   AND before.state IN ('due', 'claimed', 'submitting')
                   AND (before.state <> 'due'
                        OR (before.is_bulk = waiting.is_bulk AND before.id < waiting.id)
                        OR (waiting.is_bulk AND NOT before.is_bulk)))
           AND (pair_most = 0 OR pair_most > (
                SELECT count(*) FROM whatsapp_outboxentry sent
                 WHERE sent.channel_id = waiting.channel_id
                   AND sent.peer_key = waiting.peer_key
                   AND sent.submitted_at > {NOW} - make_interval(secs => pair_seconds)))
         ORDER BY waiting.is_bulk, waiting.next_at, waiting.id
         LIMIT CASE
               WHEN lane.is_probing THEN 1
               WHEN lane.per_second IS NULL THEN lane.share
               ELSE GREATEST(0, LEAST(lane.share, 1 + floor(lane.per_second * extract(epoch FROM
                        {NOW} + make_interval(secs => ahead_seconds) - lane.starts_at))::bigint))
               END
           FOR UPDATE OF waiting SKIP LOCKED
      ) row
), turned AS (
    UPDATE whatsapp_channelpace pace
       SET claim_token = NULL,
           next_turn_at = CASE
               WHEN pace.per_second IS NULL OR used.taken = 0 THEN pace.next_turn_at
               ELSE used.starts_at + make_interval(secs => used.taken / pace.per_second)
               END
      FROM (SELECT lane.id, lane.starts_at, count(picked.id) AS taken
              FROM lane LEFT JOIN picked ON picked.lane_id = lane.id
             GROUP BY lane.id, lane.starts_at) used
     WHERE pace.id = used.id
), probed AS (
    UPDATE whatsapp_breaker breaker
       SET probe_at = {NOW} + make_interval(secs => lease_seconds)
      FROM lane
     WHERE lane.is_probing AND breaker.workspace_id = lane.workspace_id
       AND breaker.integration_id = lane.integration_id
       AND EXISTS (SELECT FROM picked WHERE picked.lane_id = lane.id)
)
UPDATE whatsapp_outboxentry entry
   SET state = 'claimed', lease_token = token,
       next_at = {NOW} + make_interval(secs => lease_seconds)
  FROM picked JOIN lane ON lane.id = picked.lane_id
 WHERE entry.id = picked.id
RETURNING entry.id, entry.workspace_id, entry.channel_id, entry.is_bulk,
          (CASE WHEN lane.per_second IS NULL THEN 0
                ELSE extract(epoch FROM lane.starts_at - {NOW})
                     + picked.place / lane.per_second END)::float8
"""  # noqa: S608  # constants

END_LEASES = f"""
WITH ended AS (
    SELECT entry.id FROM whatsapp_outboxentry entry
     WHERE entry.state = 'claimed' AND entry.next_at <= {NOW}
       FOR UPDATE SKIP LOCKED
)
UPDATE whatsapp_outboxentry entry SET state = 'due', lease_token = NULL
  FROM ended WHERE entry.id = ended.id;

SELECT entry.id, entry.workspace_id, entry.state::text FROM whatsapp_outboxentry entry
 WHERE (entry.state = 'submitting' OR (entry.state = 'uncertain' AND with_uncertain))
   AND entry.next_at <= {NOW}
 ORDER BY entry.workspace_id, entry.id LIMIT 5000
"""  # noqa: S608  # constants

HAS_DUE = f"""
SELECT EXISTS (
    SELECT FROM whatsapp_channelpace pace
      LEFT JOIN whatsapp_breaker breaker
        ON breaker.workspace_id = pace.workspace_id
       AND breaker.integration_id = pace.integration_id
     WHERE NOT pace.is_paused
       AND (breaker.opened_at IS NULL OR breaker.probe_at <= {NOW})
       AND EXISTS (SELECT FROM whatsapp_outboxentry waiting
                    WHERE {READY} AND waiting.channel_id = pace.channel_id)
)
"""  # noqa: S608  # constants

STATS = f"""
SELECT entry.state::text, count(*),
       COALESCE(extract(epoch FROM {NOW} - min(entry.next_at)
                FILTER (WHERE entry.state = 'due')), 0)::float8
  FROM whatsapp_outboxentry entry GROUP BY entry.state
"""  # noqa: S608  # constants


def own(name: str, **options: Any) -> models.ForeignKey:
    """A key to a tenant row; the real one, with the workspace in it, is made below."""
    return models.ForeignKey(
        db_constraint=False, related_name="+", to=name, **options
    )


CASCADE = {"on_delete": django.db.models.deletion.CASCADE, "db_index": False}
KEY = ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"))
WORKSPACE = ("workspace", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace"))


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_sign_in_order"),
        ("integrations", "0005_simulated_phone"),
        ("whatsapp", "0016_report"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField("message", "status", models.CharField(blank=True, max_length=15)),
        # The step before knows no such word: of these sends nothing is known there.
        migrations.RunSQL(
            migrations.RunSQL.noop,
            "ALTER TABLE whatsapp_message ALTER COLUMN status TYPE varchar(10)"
            " USING CASE WHEN length(status) > 10 THEN '' ELSE status END",
        ),
        migrations.CreateModel(
            name="OutboxFence",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("epoch", models.PositiveIntegerField(default=1)),
                ("mark", models.BigIntegerField(default=0)),
                ("closed_at", models.DateTimeField(null=True)),
            ],
            options={"constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="outbox_fence_one")]},
        ),
        migrations.CreateModel(
            name="ChannelPace",
            fields=[
                KEY,
                ("per_second", models.FloatField(null=True)),
                ("next_turn_at", models.DateTimeField()),
                ("is_paused", models.BooleanField(default=False)),
                ("claim_token", models.UUIDField(null=True)),
                ("channel", own("integrations.channel", **CASCADE)),
                ("integration", own("integrations.integration", null=True, on_delete=django.db.models.deletion.SET_NULL)),
                WORKSPACE,
            ],
            options={"constraints": [models.UniqueConstraint(fields=("workspace", "channel"), name="channel_pace_unique")]},
        ),
        migrations.CreateModel(
            name="Breaker",
            fields=[
                KEY,
                ("failures", models.PositiveIntegerField(default=0)),
                ("opened_at", models.DateTimeField(null=True)),
                ("probe_at", models.DateTimeField(null=True)),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("integration", own("integrations.integration", **CASCADE)),
                WORKSPACE,
            ],
            options={"constraints": [models.UniqueConstraint(fields=("workspace", "integration"), name="breaker_unique")]},
        ),
        migrations.CreateModel(
            name="OptOut",
            fields=[
                KEY,
                ("peer_key", models.CharField(max_length=140)),
                ("scope", models.CharField(choices=[("marketing", "Marketing"), ("all", "Everything we send unasked")], max_length=10)),
                ("is_out", models.BooleanField(default=True)),
                ("source", models.CharField(max_length=40)),
                ("told_at", models.DateTimeField()),
                ("actor", models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("channel", own("integrations.channel", null=True, **CASCADE)),
                WORKSPACE,
            ],
            options={"indexes": [models.Index(fields=["workspace", "peer_key", "-id"], name="opt_out_person")]},
        ),
        migrations.RemoveIndex("outboxentry", "outbox_due"),
        # Nothing has ever been put into the outbox before this migration.
        migrations.RunSQL("DELETE FROM whatsapp_outboxentry", migrations.RunSQL.noop),
        migrations.AddField("outboxentry", "channel", own("integrations.channel", **CASCADE)),
        migrations.AddField("outboxentry", "peer_key", models.CharField(max_length=140)),
        migrations.AddField("outboxentry", "payload", models.JSONField(default=dict)),
        migrations.AddField("outboxentry", "detail", models.CharField(blank=True, max_length=300)),
        migrations.AddField("outboxentry", "resolution", models.CharField(blank=True, max_length=20)),
        migrations.AddField("outboxentry", "submitted_at", models.DateTimeField(null=True)),
        migrations.AddField("outboxentry", "settled_at", models.DateTimeField(null=True)),
        migrations.AddField("outboxentry", "looked_up_at", models.DateTimeField(null=True)),
        migrations.AlterField(
            "outboxentry",
            "state",
            models.CharField(
                choices=[
                    ("due", "Queued"), ("claimed", "Waiting its turn"), ("submitting", "Sending"),
                    ("accepted", "Accepted"), ("failed", "Failed"), ("uncertain", "Unconfirmed"),
                    ("dropped", "Dropped"),
                ],
                default="due",
                max_length=10,
            ),
        ),
        migrations.AddIndex("outboxentry", models.Index(condition=models.Q(("state", "due")), fields=["channel", "is_bulk", "next_at", "id"], name="outbox_due")),
        migrations.AddIndex("outboxentry", models.Index(condition=models.Q(("state__in", ["due", "claimed", "submitting"])), fields=["channel", "peer_key", "id"], name="outbox_queue")),
        migrations.AddIndex("outboxentry", models.Index(condition=models.Q(("state__in", ["claimed", "submitting", "uncertain"])), fields=["state", "next_at"], name="outbox_leased")),
        migrations.AddIndex("outboxentry", models.Index(condition=models.Q(("submitted_at__isnull", False)), fields=["channel", "peer_key", "submitted_at"], name="outbox_pair")),
        migrations.AddIndex("outboxentry", models.Index(fields=["workspace", "state", "-id"], name="outbox_list")),
        migrations.RunSQL("INSERT INTO whatsapp_outboxfence (id, epoch, mark) VALUES (1, 1, 0)", migrations.RunSQL.noop),
    ]
