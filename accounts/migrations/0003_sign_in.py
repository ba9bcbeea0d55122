
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import accounts.keys


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_cache_table'),
    ]

    operations = [
        migrations.AddField(
            model_name='membership',
            name='is_by_rule',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.CreateModel(
            name='BrowserSession',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField(default=accounts.keys.new_key, editable=False, unique=True)),
                ('started_at', models.DateTimeField()),
                ('last_seen_at', models.DateTimeField()),
                ('ip', models.GenericIPAddressField(null=True)),
                ('user_agent', models.CharField(blank=True, max_length=300)),
                ('ended_at', models.DateTimeField(null=True)),
                ('end', models.CharField(blank=True, choices=[('signed_out', 'Signed Out'), ('revoked', 'Revoked'), ('replaced', 'Replaced'), ('idle', 'Idle'), ('too_old', 'Too Old'), ('refused', 'Refused')], max_length=12)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='browser_sessions', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='InstallationKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sealed', models.TextField()),
                ('root_key_id', models.PositiveBigIntegerField()),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('retired_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(models.Value(1), condition=models.Q(('retired_at__isnull', True)), name='installationkey_one_current'), models.CheckConstraint(condition=models.Q(('id__lt', 4294967296)), name='installationkey_id_fits_envelope')],
            },
        ),
        migrations.CreateModel(
            name='OAuthGrant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField(default=accounts.keys.new_key, editable=False, unique=True)),
                ('issuer', models.CharField(max_length=255)),
                ('subject', models.CharField(max_length=255)),
                ('access', models.TextField()),
                ('refresh', models.TextField(blank=True)),
                ('id_token', models.TextField(blank=True)),
                ('made_at', models.DateTimeField()),
                ('refreshed_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField(null=True)),
                ('unreachable_since', models.DateTimeField(null=True)),
                ('next_try_at', models.DateTimeField(null=True)),
                ('session', models.OneToOneField(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='grant', to='accounts.browsersession')),
            ],
        ),
        migrations.CreateModel(
            name='SignInEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reference', models.CharField(max_length=12, unique=True)),
                ('at', models.DateTimeField(db_index=True)),
                ('outcome', models.CharField(max_length=40)),
                ('issuer', models.CharField(blank=True, max_length=255)),
                ('subject_hash', models.CharField(blank=True, max_length=64)),
                ('ip', models.GenericIPAddressField(null=True)),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='SignInRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField(default=accounts.keys.new_key, editable=False, unique=True)),
                ('claim', models.CharField(max_length=200)),
                ('value', models.CharField(max_length=200)),
                ('role', models.CharField(choices=[('admin', 'Admin'), ('agent', 'Agent'), ('viewer', 'Viewer')], default='agent', max_length=10)),
                ('is_authoritative', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
        ),
        migrations.AddIndex(
            model_name='browsersession',
            index=models.Index(fields=['user', '-last_seen_at'], name='browsersession_of_user'),
        ),
        migrations.AddConstraint(
            model_name='browsersession',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('end', ''), ('ended_at__isnull', True)), models.Q(('end__in', ['signed_out', 'revoked', 'replaced', 'idle', 'too_old', 'refused']), ('ended_at__isnull', False)), _connector='OR'), name='browsersession_end_has_reason'),
        ),
        migrations.AddConstraint(
            model_name='oauthgrant',
            constraint=models.CheckConstraint(condition=models.Q(('access', ''), _negated=True), name='oauthgrant_has_access'),
        ),
        migrations.AddConstraint(
            model_name='signinrule',
            constraint=models.UniqueConstraint(fields=('workspace', 'claim', 'value'), name='signinrule_unique'),
        ),
        migrations.AddConstraint(
            model_name='signinrule',
            constraint=models.CheckConstraint(condition=models.Q(('role__in', ['admin', 'agent', 'viewer'])), name='signinrule_role_known'),
        ),
    ]
