"""Two leads that are one person: merges, pairs, and what finds them."""

import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import accounts.keys
from accounts import walls


def _lead() -> models.ForeignKey:
    return models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="whatsapp.lead")


def _user() -> models.ForeignKey:
    return models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)


def _workspace() -> models.ForeignKey:
    return models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace")


def _id() -> models.BigAutoField:
    return models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0006_walls"),
        ("whatsapp", "0011_rhythm"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="LeadMerge",
            fields=[
                ("id", _id()),
                ("key", models.UUIDField(default=accounts.keys.new_key, editable=False, unique=True)),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("evidence", models.JSONField(default=list)),
                ("moved", models.JSONField(default=dict)),
                ("threads", models.JSONField(default=list)),
                ("changes", models.JSONField(default=dict)),
                ("merged_at", models.DateTimeField()),
                ("undone_at", models.DateTimeField(null=True)),
                ("undo_reason", models.CharField(blank=True, max_length=300)),
                ("actor", _user()),
                ("gone", _lead()),
                ("stays", _lead()),
                ("undone_by", _user()),
                ("workspace", _workspace()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["stays", "-merged_at"], name="lead_merge_stays"),
                    models.Index(fields=["gone", "-merged_at"], name="lead_merge_gone"),
                ],
                "constraints": [
                    models.UniqueConstraint(condition=models.Q(("undone_at__isnull", True)), fields=("workspace", "gone"), name="lead_merge_one_at_a_time"),
                    models.CheckConstraint(condition=models.Q(("gone", models.F("stays")), _negated=True), name="lead_merge_of_two"),
                ],
            },
        ),
        walls.composite_foreign_key("LeadMerge", "gone"),
        walls.composite_foreign_key("LeadMerge", "stays"),
        walls.police("LeadMerge"),
        migrations.CreateModel(
            name="LeadPair",
            fields=[
                ("id", _id()),
                ("verdict", models.CharField(choices=[("suspected", "Perhaps the same person"), ("distinct", "Not the same person")], max_length=10)),
                ("evidence", models.JSONField(default=list)),
                ("decided_at", models.DateTimeField()),
                ("actor", _user()),
                ("first", _lead()),
                ("second", _lead()),
                ("workspace", _workspace()),
            ],
            options={
                "indexes": [models.Index(fields=["workspace", "second"], name="lead_pair_back")],
                "constraints": [
                    models.UniqueConstraint(fields=("workspace", "first", "second"), name="lead_pair_unique"),
                    models.CheckConstraint(condition=models.Q(("first__lt", models.F("second"))), name="lead_pair_ordered"),
                ],
            },
        ),
        walls.composite_foreign_key("LeadPair", "first"),
        walls.composite_foreign_key("LeadPair", "second"),
        walls.police("LeadPair"),
        migrations.AddField(
            model_name="lead",
            name="email_key",
            field=models.GeneratedField(db_persist=True, expression=django.db.models.functions.text.Lower("email"), output_field=models.CharField(max_length=254)),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(condition=models.Q(("email_key", ""), _negated=True), fields=["workspace", "email_key"], name="lead_same_email"),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(condition=models.Q(("search_text", ""), _negated=True), fields=["workspace", "search_text", "created_at"], name="lead_same_name"),
        ),
    ]
