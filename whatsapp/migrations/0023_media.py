"""Files fetched by workers: whose turn it is, what came of it, and what no row owns.

Claiming looks across workspaces and learns ids alone. A trigger notes the files of assets
that go, whoever deletes them: Django, a cascade, or somebody at a prompt.
"""

import django.db.models.functions.datetime
from django.db import migrations, models

from accounts import walls

# Each workspace in turn; what came with a history after all that is of today.
CLAIM = """
WITH due AS (
    SELECT asset.id
      FROM (SELECT waiting.id, waiting.is_bulk,
                   row_number() OVER (PARTITION BY waiting.workspace_id, waiting.is_bulk
                                      ORDER BY waiting.next_at, waiting.id) AS place
              FROM whatsapp_mediaasset waiting
             WHERE waiting.state IN ('pending', 'retry')
               AND waiting.next_at <= statement_timestamp()) ranked
      JOIN whatsapp_mediaasset asset ON asset.id = ranked.id
     WHERE asset.state IN ('pending', 'retry')
       AND asset.next_at <= statement_timestamp()
     ORDER BY ranked.is_bulk, ranked.place, asset.workspace_id <= after_workspace,
              asset.workspace_id, asset.id
     LIMIT most
       FOR UPDATE OF asset SKIP LOCKED
)
UPDATE whatsapp_mediaasset asset
   SET lease_token = token, attempts = LEAST(asset.attempts + 1, 32767),
       -- Whoever had it last has not said what came of it.
       silences = LEAST(asset.silences + (asset.lease_token IS NOT NULL)::integer, 32767),
       next_at = statement_timestamp() + make_interval(secs => lease_seconds)
  FROM due WHERE due.id = asset.id
RETURNING asset.id, asset.workspace_id
"""

HAS_DUE = """
SELECT EXISTS (SELECT FROM whatsapp_mediaasset asset
                WHERE asset.state IN ('pending', 'retry')
                  AND asset.next_at <= statement_timestamp())
"""

NOTE_FILES = """
CREATE FUNCTION whatsapp_media_note_files() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO whatsapp_loosefile (storage_key, remove_at)
    SELECT file.storage_key, statement_timestamp()
      FROM unnest(ARRAY[OLD.storage_key, OLD.preview_key]) AS file(storage_key)
     WHERE file.storage_key <> ''
       -- A message that was sent again shares the file of its first time.
       AND NOT EXISTS (SELECT FROM whatsapp_mediaasset other
                        WHERE other.storage_key = OLD.storage_key
                          AND file.storage_key IN (other.storage_key, other.preview_key))
        ON CONFLICT (storage_key) DO UPDATE SET remove_at = EXCLUDED.remove_at;
    RETURN NULL;
END $$;
CREATE TRIGGER whatsapp_media_note_files AFTER DELETE ON whatsapp_mediaasset
   FOR EACH ROW EXECUTE FUNCTION whatsapp_media_note_files();
"""
FORGET_FILES = """
DROP TRIGGER whatsapp_media_note_files ON whatsapp_mediaasset;
DROP FUNCTION whatsapp_media_note_files();
"""


class Migration(migrations.Migration):
    dependencies = [("whatsapp", "0022_canned_reply")]

    operations = [
        migrations.CreateModel(
            name="LooseFile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("storage_key", models.CharField(max_length=255, unique=True)),
                ("remove_at", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.AddField(
            model_name="mediaasset",
            name="reason",
            field=models.CharField(blank=True, db_default="", default="", max_length=40),
        ),
        migrations.AddField(
            model_name="mediaasset",
            name="preview_key",
            field=models.CharField(blank=True, db_default="", default="", max_length=255),
        ),
        migrations.AddField(
            model_name="mediaasset",
            name="width",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="mediaasset",
            name="height",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="mediaasset",
            name="attempts",
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="mediaasset",
            name="silences",
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="mediaasset",
            name="next_at",
            field=models.DateTimeField(
                db_default=django.db.models.functions.datetime.Now()
            ),
        ),
        migrations.AddField(
            model_name="mediaasset",
            name="lease_token",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="mediaasset",
            name="is_bulk",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddIndex(
            model_name="mediaasset",
            index=models.Index(
                condition=models.Q(("state__in", ["pending", "retry"])),
                fields=["is_bulk", "next_at"],
                name="media_due",
            ),
        ),
        migrations.AddIndex(
            model_name="mediaasset",
            index=models.Index(
                condition=models.Q(("storage_key", ""), _negated=True),
                fields=["storage_key"],
                name="media_file",
            ),
        ),
        migrations.RunSQL(NOTE_FILES, FORGET_FILES),
        walls.let_cross(
            "MediaAsset",
            "SELECT (id, workspace_id, state, next_at, is_bulk, attempts, silences,"
            " lease_token)",
            "UPDATE (lease_token, attempts, silences, next_at)",
        ),
        walls.crossing_function(
            "whatsapp_media_claim(most integer, after_workspace bigint, token uuid,"
            " lease_seconds integer)",
            CLAIM,
            returns="TABLE (asset_id bigint, asset_workspace_id bigint)",
            volatility="VOLATILE",
            rows=20,
        ),
        walls.crossing_function(
            "whatsapp_media_has_due()", HAS_DUE, returns="boolean"
        ),
    ]
