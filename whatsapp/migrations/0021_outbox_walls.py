"""The walls of the outbox's tables, and the functions that look across them."""

from importlib import import_module

from django.db import migrations

from accounts import walls

outbox = import_module("whatsapp.migrations.0020_outbox")


class Migration(migrations.Migration):
    dependencies = [("whatsapp", "0020_outbox")]

    operations = [
        walls.composite_foreign_key("OutboxEntry", "channel"),
        walls.composite_foreign_key("ChannelPace", "channel"),
        walls.composite_foreign_key("ChannelPace", "integration"),
        walls.composite_foreign_key("Breaker", "integration"),
        walls.composite_foreign_key("OptOut", "channel"),
        walls.police("ChannelPace"),
        walls.police("Breaker"),
        walls.police("OptOut"),
        walls.let_cross("ChannelPace", "SELECT", "UPDATE (claim_token, next_turn_at)"),
        walls.let_cross("Breaker", "SELECT", "UPDATE (probe_at)"),
        walls.let_cross_further("OutboxFence", "SELECT"),
        walls.let_cross_further(
            "OutboxEntry",
            "SELECT (id, workspace_id, channel_id, peer_key, is_bulk, next_at, epoch,"
            " submitted_at, created_at)",
            "UPDATE (state, lease_token, next_at)",
        ),
        walls.crossing_function(
            "whatsapp_outbox_claim(most integer, after_workspace bigint, token uuid,"
            " lease_seconds integer, ahead_seconds float8, pair_most integer,"
            " pair_seconds integer)",
            outbox.CLAIM,
            returns="TABLE (entry_id bigint, entry_workspace_id bigint,"
            " entry_channel_id bigint, entry_is_bulk boolean, turn_in float8)",
            volatility="VOLATILE",
            rows=200,
        ),
        walls.crossing_function(
            "whatsapp_outbox_end_leases(with_uncertain boolean)",
            outbox.END_LEASES,
            returns="TABLE (entry_id bigint, entry_workspace_id bigint, entry_state text)",
            volatility="VOLATILE",
            rows=50,
        ),
        walls.crossing_function(
            "whatsapp_outbox_has_due()", outbox.HAS_DUE, returns="boolean"
        ),
        walls.crossing_function(
            "whatsapp_outbox_stats()",
            outbox.STATS,
            returns="TABLE (entry_state text, entries bigint, oldest_seconds float8)",
            rows=7,
        ),
        walls.crossing_function(
            "whatsapp_outbox_unsent()",
            """
            SELECT entry.id, entry.workspace_id FROM whatsapp_outboxentry entry
             WHERE entry.state IN ('due', 'claimed', 'submitting')
            """,
            returns="TABLE (entry_id bigint, entry_workspace_id bigint)",
            rows=1000,
        ),
    ]
