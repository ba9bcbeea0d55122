"""The walls of room 2. The search functions change hands: their owner was forced too."""

from django.db import migrations

from accounts import walls

REFERRED = (
    "Lead",
    "Touch",
    "TrackedLink",
    "Attribution",
    "Conversation",
    "Message",
    "Template",
)
POLICED = (
    *REFERRED,
    "Identity",
    "MediaAsset",
    "StatusEvent",
    "WaitingStatus",
    "LeadNote",
    "OutboxEntry",
    "SavedFilter",
)


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0002_walls"),
        ("whatsapp", "0009_link_clicks_over_limit"),
        ("tickets", "0001_initial"),
        ("webhooks", "0004_explorer"),
    ]

    operations = [
        *(walls.composite_key(model) for model in REFERRED),
        *(walls.police(model) for model in POLICED),
        walls.let_cross("TrackedLink", "SELECT (id, workspace_id, slug)"),
        walls.let_cross(
            "Conversation", "SELECT (id, workspace_id, state, last_message_at)"
        ),
        walls.let_cross(
            "Message",
            "SELECT (id, workspace_id, conversation_id, provider_at, search, direction, stored_at)",
        ),
        walls.let_cross("Lead", "SELECT (id, workspace_id, created_at, search)"),
        walls.let_cross("Identity", "SELECT (workspace_id, lead_id, match_key)"),
        walls.let_cross("OutboxEntry", "SELECT (state)"),
        walls.crossing_owner("whatsapp_search_conversations"),
        walls.crossing_owner("whatsapp_search_leads"),
        walls.crossing_function(
            "whatsapp_link_of_slug(address text)",
            """
            SELECT link.workspace_id, link.id FROM whatsapp_trackedlink link
             WHERE link.slug = address
            """,
            returns="TABLE (workspace_id bigint, link_id bigint)",
            rows=1,
        ),
        walls.crossing_function(
            "whatsapp_messages_today()",
            """
            SELECT wanted.direction, count(stored.id)
              FROM (VALUES ('inbound'), ('outbound')) AS wanted (direction)
              LEFT JOIN (
                    SELECT message.id, message.direction FROM whatsapp_message message
                     WHERE message.stored_at
                           >= date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
                   ) stored USING (direction)
             GROUP BY wanted.direction
            """,
            returns="TABLE (direction text, messages bigint)",
            rows=2,
        ),
        walls.crossing_function(
            "whatsapp_outbox_waiting()",
            """
            SELECT entry.state::text, count(*) FROM whatsapp_outboxentry entry
             WHERE entry.state <> 'accepted' GROUP BY entry.state
            """,
            returns="TABLE (state text, entries bigint)",
            rows=5,
        ),
    ]
