"""Why a verdict found no origin, in a column; ways to the leads of a campaign, ad or source."""

from django.db import migrations, models

import whatsapp.models.cause

# The sentences are those of webhooks/attribution.py; a test compares.
CAUSE = """
CREATE FUNCTION whatsapp_cause(rule varchar, touch bigint, evidence jsonb)
RETURNS varchar LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT (CASE
    WHEN touch IS NOT NULL THEN ''
    WHEN rule = 'manual' THEN 'by_hand'
    WHEN rule = 'identity' THEN 'known'
    WHEN rule <> 'anonymous' THEN 'not_kept'
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
    WHEN jsonb_path_exists(evidence, '$[*] ? (@.step == "token" && exists (@.looked_for))')
         THEN 'no_token'
    ELSE 'other'
END)::varchar
$$
"""


class Migration(migrations.Migration):
    dependencies = [("whatsapp", "0014_unheard")]

    operations = [
        migrations.RunSQL(
            CAUSE, "DROP FUNCTION whatsapp_cause(varchar, bigint, jsonb)"
        ),
        migrations.AddField(
            model_name="attribution",
            name="cause",
            field=models.GeneratedField(
                db_persist=True,
                expression=whatsapp.models.cause.CauseOf("rule", "touch", "evidence"),
                output_field=models.CharField(max_length=20),
            ),
        ),
        migrations.AddIndex(
            model_name="attribution",
            index=models.Index(
                fields=["workspace", "id"],
                include=["touch", "confidence", "cause"],
                name="attribution_report",
            ),
        ),
        migrations.AddIndex(
            model_name="attribution",
            index=models.Index(
                condition=models.Q(("cause", ""), _negated=True),
                fields=["workspace", "cause"],
                name="attribution_cause",
            ),
        ),
        migrations.AddIndex(
            model_name="touch",
            index=models.Index(
                condition=models.Q(("lead__isnull", False)),
                fields=["workspace", "kind", "utm_source"],
                name="touch_source",
            ),
        ),
        migrations.AddIndex(
            model_name="touch",
            index=models.Index(
                condition=models.Q(
                    ("lead__isnull", False), models.Q(("utm_campaign", ""), _negated=True)
                ),
                fields=["workspace", "utm_campaign"],
                name="touch_campaign",
            ),
        ),
        migrations.AddIndex(
            model_name="touch",
            index=models.Index(
                condition=models.Q(
                    ("lead__isnull", False), models.Q(("ad_id", ""), _negated=True)
                ),
                fields=["workspace", "ad_id"],
                name="touch_ad",
            ),
        ),
    ]
