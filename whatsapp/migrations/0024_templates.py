"""Templates: what becomes of them, when they are asked for, and the walls of both."""

import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.functions import RandomUUID
from django.db import migrations, models

import accounts.keys
from accounts import walls


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0007_sign_in_order'),
        ('integrations', '0005_simulated_phone'),
        ('whatsapp', '0023_media'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveField(
            model_name='template',
            name='body',
        ),
        migrations.AddField(
            model_name='template',
            name='components',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='template',
            name='contract_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='template',
            name='gone_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='template',
            name='key',
            field=models.UUIDField(db_default=RandomUUID(), editable=False, unique=True),
        ),
        migrations.AlterField(
            model_name='template',
            name='key',
            field=models.UUIDField(default=accounts.keys.new_key, editable=False, unique=True),
        ),
        migrations.AddField(
            model_name='template',
            name='provider_status',
            field=models.CharField(blank=True, max_length=60),
        ),
        migrations.AddField(
            model_name='template',
            name='quality',
            field=models.CharField(blank=True, max_length=20),
        ),
        migrations.AddField(
            model_name='template',
            name='status_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name='template',
            name='reason',
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.CreateModel(
            name='TemplateChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('submitted', 'Submitted'), ('status', 'State'), ('category', 'Category'), ('quality', 'Quality'), ('contract', 'What has to be filled in'), ('gone', 'Gone from the provider'), ('back', 'Back at the provider')], max_length=10)),
                ('word', models.CharField(blank=True, max_length=60)),
                ('before', models.CharField(blank=True, max_length=60)),
                ('reason', models.CharField(blank=True, max_length=500)),
                ('details', models.JSONField(default=dict)),
                ('source', models.CharField(choices=[('sync', "Seen in the provider's list"), ('webhook', 'Told by the provider'), ('person', 'Done in Recado')], max_length=10)),
                ('told_at', models.DateTimeField()),
                ('noted_at', models.DateTimeField()),
                ('is_breaking', models.BooleanField(default=False)),
                ('settled_at', models.DateTimeField(null=True)),
                ('actor', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('settled_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('template', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='changes', to='whatsapp.template')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('is_breaking', True), ('settled_at__isnull', True)), fields=['workspace', 'told_at'], name='template_change_alert')],
                'constraints': [models.UniqueConstraint(fields=('template', 'kind', 'word', 'told_at'), name='template_change_unique')],
            },
        ),
        migrations.CreateModel(
            name='TemplateSync',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('next_at', models.DateTimeField()),
                ('asked_at', models.DateTimeField(null=True)),
                ('lease_token', models.UUIDField(null=True)),
                ('lease_until', models.DateTimeField(null=True)),
                ('tried_at', models.DateTimeField(null=True)),
                ('synced_at', models.DateTimeField(null=True)),
                ('found', models.PositiveIntegerField(default=0)),
                ('problem', models.CharField(blank=True, max_length=100)),
                ('detail', models.CharField(blank=True, max_length=300)),
                ('integration', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='integrations.integration')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('workspace', 'integration'), name='template_sync_one_each')],
            },
        ),
        walls.composite_foreign_key("TemplateChange", "template"),
        walls.composite_foreign_key("TemplateSync", "integration"),
        walls.police("TemplateChange"),
        walls.police("TemplateSync"),
        walls.let_cross("Template", "SELECT (workspace_id, external_id)"),
        walls.crossing_function(
            "whatsapp_workspaces_of_template(told text)",
            """
            SELECT DISTINCT template.workspace_id FROM whatsapp_template template
             WHERE template.external_id = told AND told <> ''
            """,
            returns="TABLE (workspace_id bigint)",
            rows=1,
        ),
    ]
