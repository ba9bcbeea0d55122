"""Tickets with numbers of their own, versions, and a history that says who and how."""


import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.functions import RandomUUID
from django.db import migrations, models

import accounts.keys
from accounts import walls


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0007_sign_in_order'),
        ('tickets', '0002_walls'),
        ('whatsapp', '0021_outbox_walls'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='TicketCounter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('last_number', models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.RemoveIndex(
            model_name='ticket',
            name='ticket_list',
        ),
        migrations.AddField(
            model_name='client',
            name='language',
            field=models.CharField(blank=True, max_length=10),
        ),
        migrations.AddField(
            model_name='client',
            name='match_key',
            field=models.CharField(blank=True, max_length=140),
        ),
        migrations.AddField(
            model_name='client',
            name='search_text',
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name='client',
            name='updated_at',
            field=models.DateTimeField(auto_now=True),
        ),
        migrations.AddField(
            model_name='ticket',
            name='closed_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='ticket',
            name='external_id',
            field=models.CharField(blank=True, max_length=200, null=True),
        ),
        migrations.AddField(
            model_name='ticket',
            name='external_url',
            field=models.URLField(blank=True, max_length=500),
        ),
        migrations.AddField(
            model_name='ticket',
            name='first_response_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='ticket',
            name='resolved_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='ticket',
            name='search_text',
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name='ticket',
            name='version',
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AddField(
            model_name='ticketevent',
            name='key',
            field=models.UUIDField(db_default=RandomUUID(), editable=False),
        ),
        # Each row that is there got a key of its own; the next ones get theirs from us.
        migrations.AlterField(
            model_name='ticketevent',
            name='key',
            field=models.UUIDField(default=accounts.keys.new_key, editable=False, unique=True),
        ),
        migrations.AddField(
            model_name='ticketevent',
            name='message',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='whatsapp.message'),
        ),
        migrations.AddField(
            model_name='ticketevent',
            name='source',
            field=models.CharField(choices=[('page', 'A person'), ('client', "The client's page"), ('whatsapp', 'WhatsApp'), ('system', 'Another system')], default='page', max_length=10),
        ),
        migrations.AlterField(
            model_name='ticket',
            name='created_at',
            field=models.DateTimeField(),
        ),
        migrations.AlterField(
            model_name='ticket',
            name='updated_at',
            field=models.DateTimeField(),
        ),
        migrations.AlterField(
            model_name='ticketevent',
            name='created_at',
            field=models.DateTimeField(),
        ),
        migrations.AlterField(
            model_name='ticketevent',
            name='kind',
            field=models.CharField(choices=[('created', 'Created'), ('updated', 'Changed'), ('assigned', 'Assigned'), ('waiting', 'Waiting for the client'), ('resolved', 'Resolved'), ('closed', 'Closed'), ('reopened', 'Reopened'), ('commented', 'Comment'), ('replied', "Client's answer")], max_length=40),
        ),
        migrations.AddIndex(
            model_name='client',
            index=models.Index(fields=['workspace', '-id'], name='client_list'),
        ),
        migrations.AddIndex(
            model_name='client',
            index=models.Index(condition=models.Q(('match_key', ''), _negated=True), fields=['workspace', 'match_key'], name='client_match'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(fields=['workspace', 'status', '-updated_at', '-id'], name='ticket_list'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(condition=models.Q(('status__in', ['open', 'waiting'])), fields=['workspace', 'assignee', '-updated_at'], name='ticket_held'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(fields=['workspace', 'created_at'], name='ticket_created'),
        ),
        migrations.AddIndex(
            model_name='ticketevent',
            index=models.Index(fields=['ticket', 'id'], name='ticket_event_history'),
        ),
        migrations.AddConstraint(
            model_name='ticket',
            constraint=models.UniqueConstraint(fields=('workspace', 'external_id'), name='ticket_external_unique'),
        ),
        migrations.AddConstraint(
            model_name='ticketevent',
            constraint=models.UniqueConstraint(fields=('workspace', 'ticket', 'message'), name='ticket_event_message_unique'),
        ),
        migrations.AddField(
            model_name='ticketcounter',
            name='workspace',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace'),
        ),
        migrations.AddConstraint(
            model_name='ticketcounter',
            constraint=models.UniqueConstraint(fields=('workspace',), name='ticket_counter_unique'),
        ),
        walls.composite_foreign_key("TicketEvent", "message"),
        walls.police("TicketCounter"),
    ]
