"""What may be known across workspaces: each column that the crossing role reads, and what
each of its functions gives back. One that is not here fails the suite.

`search` holds the words of messages, names and titles: the four search functions match them
under the index, in the workspace of the transaction, and give ids back. None of it leaves
them; see docs/adr/0010-three-walls.md.
"""

IDS = {
    "accounts_apitoken": {"id", "workspace_id"},
    "accounts_invitation": {"workspace_id"},
    "accounts_membership": {"id", "workspace_id", "user_id"},
    "accounts_signinrule": {"workspace_id"},
    "integrations_channel": {"id", "workspace_id", "integration_id", "claim_id"},
    "integrations_episode": {"workspace_id"},
    "integrations_session": {"id", "workspace_id"},
    "integrations_webhooktoken": {"workspace_id", "integration_id"},
    "tickets_client": {"id", "workspace_id"},
    "tickets_eventdelivery": {"id", "workspace_id", "subscription_id"},
    "tickets_incomingsource": {"id", "workspace_id"},
    "tickets_notification": {"workspace_id"},
    "tickets_notificationemail": {"id", "workspace_id"},
    "tickets_subscription": {"id", "workspace_id"},
    "tickets_ticket": {"id", "workspace_id", "client_id"},
    "webhooks_rawwebhook": {"id", "workspace_id"},
    "whatsapp_breaker": {"id", "workspace_id", "integration_id"},
    "whatsapp_channelpace": {"id", "workspace_id", "channel_id", "integration_id"},
    "whatsapp_conversation": {"id", "workspace_id"},
    "whatsapp_identity": {"workspace_id", "lead_id"},
    "whatsapp_lead": {"id", "workspace_id"},
    "whatsapp_lidlookup": {"id", "workspace_id"},
    "whatsapp_mediaasset": {"id", "workspace_id"},
    "whatsapp_message": {"id", "workspace_id", "conversation_id"},
    "whatsapp_outboxentry": {"id", "workspace_id", "channel_id", "message_id"},
    "whatsapp_outboxfence": {"id"},
    "whatsapp_retiredslug": {"workspace_id", "link_id"},
    "whatsapp_template": {"workspace_id"},
    "whatsapp_trackedlink": {"id", "workspace_id"},
}
# By which something from outside, or a number that a person typed, finds its row.
NAMES = {
    "accounts_apitoken": {"digest"},
    "accounts_invitation": {"token_hash"},
    "integrations_channel": {"external_id", "phone", "provider"},
    "integrations_webhooktoken": {"digest"},
    "tickets_client": {"match_key"},
    "tickets_incomingsource": {"key"},
    "tickets_ticket": {"ticket_number"},
    "whatsapp_identity": {"match_key"},
    "whatsapp_outboxentry": {"peer_key"},
    "whatsapp_retiredslug": {"slug"},
    "whatsapp_template": {"external_id"},
    "whatsapp_trackedlink": {"slug"},
}
# Words of ours, counts and leases.
STATES = {
    "accounts_membership": {"role"},
    "integrations_channel": {"is_active"},
    "integrations_episode": {"end", "mail_tries"},
    "tickets_eventdelivery": {"state"},
    "tickets_notification": {"path"},
    "tickets_notificationemail": {"state", "reason"},
    "tickets_subscription": {"is_active"},
    "webhooks_rawwebhook": {"state", "attempts", "errors", "error"},
    "whatsapp_breaker": {"failures", "reason"},
    "whatsapp_channelpace": {"claim_token", "is_paused", "per_second"},
    "whatsapp_conversation": {"state"},
    "whatsapp_mediaasset": {"state", "is_bulk", "attempts", "silences", "lease_token"},
    "whatsapp_message": {"direction"},
    "whatsapp_outboxentry": {"state", "is_bulk", "epoch"},
    "whatsapp_outboxfence": {"epoch", "mark"},
}
MOMENTS = {
    "accounts_membership": {"last_seen_at"},
    "integrations_episode": {
        *("opened_at", "closed_at", "mailed_at", "mail_next_at", "end_mailed_at"),
    },
    "integrations_session": {"ended_at", "next_check_at", "lease_until"},
    "integrations_webhooktoken": {"expires_at"},
    "tickets_eventdelivery": {"next_at"},
    "tickets_notification": {"due_at"},
    "tickets_notificationemail": {"next_at"},
    "tickets_subscription": {"next_turn_at", "lease_until"},
    "tickets_ticket": {"updated_at"},
    "webhooks_rawwebhook": {"next_at"},
    "whatsapp_breaker": {"opened_at", "probe_at"},
    "whatsapp_channelpace": {"next_turn_at"},
    "whatsapp_conversation": {"last_message_at"},
    "whatsapp_lead": {"created_at"},
    "whatsapp_lidlookup": {"next_at", "lease_until"},
    "whatsapp_mediaasset": {"next_at"},
    "whatsapp_message": {"provider_at", "stored_at"},
    "whatsapp_outboxentry": {"next_at", "submitted_at", "created_at"},
    "whatsapp_outboxfence": {"closed_at"},
}
SEARCHED = {
    "tickets_client": {"search"},
    "tickets_ticket": {"search"},
    "whatsapp_lead": {"search"},
    "whatsapp_message": {"search"},
}
COLUMNS = {
    (table, column)
    for kind in (IDS, NAMES, STATES, MOMENTS, SEARCHED)
    for table, columns in kind.items()
    for column in columns
}

_COUNTED = "bigint, oldest_seconds double precision)"
RESULTS = {
    "accounts_api_token_of": "TABLE(token_id bigint, workspace_id bigint)",
    "accounts_invitation_of": "SETOF bigint",
    "accounts_memberships_of": "TABLE(membership_id bigint, workspace_id bigint, role text,"
    " last_seen_at timestamp with time zone)",
    "accounts_workspaces_with_rules": "SETOF bigint",
    "integrations_claim_sessions": "TABLE(row_id bigint, row_workspace_id bigint)",
    "integrations_of_live_numbers": "TABLE(workspace_id bigint, integration_id bigint)",
    "integrations_of_token": "TABLE(workspace_id bigint, integration_id bigint)",
    "integrations_workspaces_of_numbers": "SETOF bigint",
    "integrations_workspaces_to_mail": "SETOF bigint",
    "integrations_workspaces_to_tell_end": "SETOF bigint",
    "tickets_deliveries_due": "boolean",
    "tickets_deliveries_waiting": f"TABLE(deliveries {_COUNTED}",
    "tickets_email_claim": "TABLE(email_id bigint, email_workspace_id bigint)",
    "tickets_email_has_due": "boolean",
    "tickets_event_source": "TABLE(source_id bigint, source_workspace_id bigint)",
    "tickets_notifications_held": "TABLE(held_workspace_id bigint)",
    "tickets_search_clients": "TABLE(client_id bigint)",
    "tickets_search_tickets": "TABLE(ticket_id bigint)",
    "tickets_subscription_claim": "TABLE(subscription_id bigint,"
    " subscription_workspace_id bigint)",
    "webhooks_append": "void",
    "webhooks_claim": "TABLE(row_id bigint, row_workspace_id bigint)",
    "webhooks_due": f"TABLE(due {_COUNTED}",
    "webhooks_has_due": "boolean",
    "webhooks_park_silent": "bigint",
    "webhooks_stuck": "TABLE(stuck_state text, stuck bigint)",
    "webhooks_workspaces_of": "TABLE(row_id bigint, row_workspace_id bigint)",
    "whatsapp_claim_lid_lookups": "TABLE(row_id bigint, row_workspace_id bigint)",
    "whatsapp_link_of_slug": "TABLE(workspace_id bigint, link_id bigint)",
    "whatsapp_media_claim": "TABLE(asset_id bigint, asset_workspace_id bigint)",
    "whatsapp_media_has_due": "boolean",
    "whatsapp_messages_today": "TABLE(direction text, messages bigint)",
    "whatsapp_outbox_claim": "TABLE(entry_id bigint, entry_workspace_id bigint,"
    " entry_channel_id bigint, entry_is_bulk boolean, turn_in double precision)",
    "whatsapp_outbox_end_leases": "TABLE(entry_id bigint, entry_workspace_id bigint,"
    " entry_state text)",
    "whatsapp_outbox_has_due": "boolean",
    "whatsapp_outbox_stats": f"TABLE(entry_state text, entries {_COUNTED}",
    "whatsapp_outbox_unsent": "TABLE(entry_id bigint, entry_workspace_id bigint)",
    "whatsapp_outbox_waiting": "TABLE(state text, entries bigint)",
    "whatsapp_slug_is_retired": "boolean",
    "whatsapp_search_conversations": "TABLE(conversation_id bigint, message_id bigint,"
    " matched_at timestamp with time zone)",
    "whatsapp_search_leads": "TABLE(lead_id bigint)",
    "whatsapp_search_sends": "TABLE(entry_id bigint)",
    "whatsapp_workspaces_of_template": "TABLE(workspace_id bigint)",
}
# The only words that leave: roles and states, of which there are few, and directions.
WORDS = {"role", "stuck_state", "direction", "entry_state", "state"}
