"""Why a verdict found no origin: what the message brought is told before that the person was
known, and a lead that waited under a token never had a click that could be gone."""

from typing import Any

from django.db import migrations

# The sentences are those of webhooks/attribution.py; a test compares.
HEAD = """
CREATE OR REPLACE FUNCTION whatsapp_cause(rule varchar, touch bigint, evidence jsonb)
RETURNS varchar LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT (CASE
    WHEN touch IS NOT NULL THEN ''
    WHEN rule = 'manual' THEN 'by_hand'
"""
OF_MESSAGE = """
    WHEN jsonb_path_exists(evidence, '$[*] ? (@.step == "token_rescue"
         && @.refused == "more than one recent click is one slip away")') THEN 'ambiguous'
    WHEN jsonb_path_exists(evidence, '$[*] ? (@.step == "token_rescue"
         && @.refused == "that click belongs to another person already")') THEN 'taken'
    WHEN jsonb_path_exists(evidence, '$[*] ? (@.step == "token_rescue"
         && exists (@.refused))') THEN 'damaged'
    WHEN jsonb_path_exists(evidence, '$[*] ? (@.step == "token" && exists (@.why))')
         THEN 'unknown'
    WHEN jsonb_path_exists(evidence, '$[*] ? (@.step == "referral" && exists (@.refused))')
         THEN 'nameless_ad'
"""
TAIL = """
    WHEN jsonb_path_exists(evidence, '$[*] ? (@.step == "token" && exists (@.looked_for))')
         THEN 'no_token'
    ELSE 'other'
END)::varchar
$$
"""
NEW = f"""{HEAD}
    WHEN rule = 'token' AND jsonb_path_exists(evidence,
         '$[*] ? (@.step == "token" && @.found.touch == null)') THEN 'waited'
    WHEN rule NOT IN ('anonymous', 'identity') THEN 'not_kept'
    {OF_MESSAGE}
    WHEN rule = 'identity' THEN 'known'
    {TAIL}"""
OLD = f"""{HEAD}
    WHEN rule = 'identity' THEN 'known'
    WHEN rule <> 'anonymous' THEN 'not_kept'
    {OF_MESSAGE}
    {TAIL}"""
AGAIN = """
UPDATE whatsapp_attribution SET reason = reason
 WHERE workspace_id = %s AND cause IN ('known', 'not_kept')
   AND cause <> whatsapp_cause(rule, touch_id, evidence)
"""


def _write_again(apps: Any, schema_editor: Any) -> None:
    """Row-level security binds the owner too: each workspace is entered by itself."""
    workspaces = apps.get_model("accounts", "Workspace").objects.order_by("pk")
    with schema_editor.connection.cursor() as cursor:
        for workspace_id in list(workspaces.values_list("pk", flat=True)):
            _enter(cursor, str(workspace_id))
            cursor.execute(AGAIN, [workspace_id])
        _enter(cursor, "")


def _enter(cursor: Any, workspace: str) -> None:
    cursor.execute("SELECT set_config('app.workspace_id', %s, true)", [workspace])


class Migration(migrations.Migration):
    dependencies = [("whatsapp", "0032_lid_lookups")]

    operations = [
        migrations.RunSQL(NEW, OLD),
        migrations.RunPython(_write_again, migrations.RunPython.noop),
    ]
