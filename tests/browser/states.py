"""The addresses of `addresses.py` once more, in states that look different."""

import time

from tests.browser import acts
from tests.browser.page import JOINING, Page

_MAKE_LINK = "form:has([value=link]) button"

STATES = (
    Page("/nada/", shot="error-404", status=404),
    Page("/broken/", shot="error-500", status=500),
    Page("whatsapp:link-new", shot="error-403", who="agent", status=403),
    Page("account_login", shot="error-403-csrf", who="stranger", act=acts.lose_cookies),
    Page("/r/panfleto-padaria", shot="link-paused", who="stranger", status=410),
    Page("tokens:token-list", shot="empty-tokens", slug="nova"),
    Page("events:event-list", shot="empty-events", slug="nova"),
    Page("events:event-source", "silent", shot="empty-event-source"),
    Page("events:subscription-detail", "unheard", shot="empty-subscription"),
    Page(
        "events:subscription-detail",
        "gone",
        shot="subscription-gone",
        slug="fora-do-ar",
    ),
    Page("events:event-source-new", shot="event-source-made", act=acts.make_source),
    Page(
        "events:subscription-new", shot="subscription-made", act=acts.make_subscription
    ),
    Page(
        "events:subscription-new", shot="subscription-wrong", act=acts.subscribe_wrong
    ),
    Page(
        "tokens:token-new", shot="token-new-wrong", act=acts.press("main form button")
    ),
    Page("tokens:token-new", shot="token-made", act=acts.make_token),
    Page(
        "webhooks:home",
        shot="menu",
        act=acts.open_up(".menu--account button", ":popover-open"),
    ),
    Page("webhooks:home", shot="empty-home", slug="nova"),
    Page("webhooks:webhook-list", shot="empty-webhooks", slug="nova"),
    Page("webhooks:webhook-list", shot="webhooks-live", query="?live=1"),
    Page("webhooks:webhook-list", shot="webhooks-filtered", query="?state=leased"),
    Page("whatsapp:conversation-list", shot="empty-conversations", slug="nova"),
    Page("whatsapp:conversation-list", shot="conversations-mine", query="?tab=mine"),
    Page(
        "whatsapp:conversation-list",
        shot="conversations-filters",
        query="?unread=1&from=x",
    ),
    Page(
        "whatsapp:conversation-list", shot="conversations-closed", query="?tab=closed"
    ),
    Page("whatsapp:conversation-list", shot="search-found", query="?q=fermentacao"),
    Page("whatsapp:conversation-list", shot="search-nothing", query="?q=xyzxyz"),
    Page(
        "whatsapp:conversation-list",
        shot="shortcuts",
        act=acts.open_up("[data-opens-shortcuts]", "dialog[open]"),
    ),
    Page("whatsapp:conversation-detail", "closed", shot="conversation-closed"),
    Page(
        "whatsapp:conversation-detail", "conversation", shot="details", act=acts.unfold
    ),
    Page("whatsapp:lead-list", shot="empty-leads", slug="nova"),
    Page("whatsapp:lead-list", shot="leads-filtered", query="?rule=token&link=nenhum"),
    Page("whatsapp:lead-report", shot="empty-report", slug="nova"),
    Page("whatsapp:lead-report", shot="report-by-link", query="?by=link"),
    Page(
        "whatsapp:lead-report",
        shot="report-wrong",
        query="?by=x&since=2026-03-11&until=2026-03-10",
    ),
    Page("api-page:reference", shot="api-open", act=acts.unfold),
    Page("api-page:reference", shot="api-stranger", who="stranger"),
    Page("help:index", shot="help-found", query="?q=token"),
    Page("help:index", shot="help-nothing", query="?q=xyzxyz"),
    Page("whatsapp:lead-detail", "merged", shot="lead-merged"),
    Page("whatsapp:lead-duplicates", shot="empty-duplicates", slug="nova"),
    Page("whatsapp:lead-merge", "lead", shot="lead-merge-found", query="?q=João"),
    Page("whatsapp:lead-merge", "lead", shot="lead-merge-nobody", query="?q=xyzzy"),
    Page(
        "whatsapp:lead-origin",
        "lead",
        shot="lead-origin-wrong",
        act=acts.press("main form button"),
    ),
    Page("whatsapp:send-list", shot="empty-sends", slug="nova"),
    Page("whatsapp:send-list", shot="sends-open", query="?table=1", act=acts.unfold),
    Page("whatsapp:send-list", shot="sends-found", query="?q=forno"),
    Page("whatsapp:send-list", shot="sends-none", query="?q=xyzxyz&state=failed"),
    Page(
        "whatsapp:send-list",
        shot="sends-wrong",
        query="?since=2026-03-10T10:00&until=2026-03-01T10:00",
    ),
    Page("whatsapp:send-list", shot="sends-held", slug="fora-do-ar"),
    Page("whatsapp:send-detail", "doubtful", shot="send-unconfirmed"),
    Page("whatsapp:link-list", shot="empty-links", slug="nova"),
    Page(
        "whatsapp:link-new", shot="link-new-wrong", act=acts.press("#link-form button")
    ),
    Page("whatsapp:link-detail", "paused", shot="link-detail-paused"),
    Page("whatsapp:link-detail", "link", shot="link-detail-open", act=acts.unfold),
    Page("whatsapp:link-list", shot="links-sorted", query="?sort=-won&period=x&from=y"),
    Page("whatsapp:link-list", shot="links-broken", query="?check=broken"),
    Page("whatsapp:link-won-stages", shot="empty-won-stages", slug="nova"),
    Page("whatsapp:template-list", shot="empty-templates", slug="nova"),
    Page("whatsapp:template-list", shot="templates-none-fit", query="?q=xyzxyz"),
    Page("whatsapp:template-list", shot="templates-agent", who="agent"),
    Page("whatsapp:template-new", shot="template-new-wrong", act=acts.submit_wrong),
    Page("whatsapp:template-detail", "template", shot="template-open", act=acts.unfold),
    Page("whatsapp:template-detail", "broken", shot="template-broken"),
    Page(
        "whatsapp:conversation-template",
        "closed",
        shot="template-fill",
        act=acts.choose,
    ),
    Page(
        "whatsapp:conversation-template",
        "closed",
        shot="template-fill-wrong",
        act=acts.choose_and_send,
    ),
    Page(
        "whatsapp:conversation-template", "conversation", shot="template-without-number"
    ),
    Page("whatsapp:sandbox-phone", "phone", shot="phone-open", act=acts.unfold),
    Page("whatsapp:sandbox-phone", "quiet", shot="phone-not-linked"),
    Page("integrations:business-phone", "phone", shot="device-unlink", act=acts.unfold),
    Page(
        "integrations:business-phone", "waiting", shot="device-awaited", act=acts.unfold
    ),
    Page("integrations:business-phone", "waiting", shot="device-asks", query="?scan=1"),
    Page("integrations:business-phone", "waiting", shot="device-late", query="?code=X"),
    Page(
        "integrations:business-phone", "quiet", shot="device-no-code", query="?scan=1"
    ),
    Page(
        "integrations:business-phone", "quiet", shot="device-wrong", act=acts.type_wrong
    ),
    Page("integrations:channel-list", shot="empty-channels", slug="nova"),
    Page(
        "integrations:connect-credentials",
        shot="connect-credentials-wrong",
        act=acts.press("main form .button--primary"),
    ),
    *(
        Page(
            "integrations:session-detail",
            row,
            shot=f"session-{row.replace('_', '-')}",
            query="?show=code" if row == "to_type" else "",
            slug="conectando",
        )
        for row in JOINING
    ),
    Page(
        "integrations:session-detail",
        "wired",
        shot="session-confirm",
        query="?ask=disconnect",
        slug="conectando",
    ),
    Page(
        "integrations:channel-webhook",
        "phone",
        shot="channel-webhook-secret",
        act=acts.press("button[value=secret]"),
    ),
    Page(
        "webhooks:channel-proof",
        "phone",
        shot="channel-proof-over",
        query=f"?since={int(time.time()) - 600}",
    ),
    Page("webhooks:home", shot="home-down", slug="fora-do-ar"),
    Page("integrations:channel-list", shot="channels-down", slug="fora-do-ar"),
    Page("integrations:alerts", shot="alerts-down", slug="fora-do-ar"),
    Page("integrations:channel-detail", "down", shot="channel-down", slug="fora-do-ar"),
    Page(
        "integrations:channel-detail",
        "down",
        shot="channel-down-agent",
        slug="fora-do-ar",
        who="agent",
    ),
    Page("integrations:channel-detail", "phone", shot="channel-sandbox"),
    Page(
        "integrations:channel-log", "support", shot="channel-log-open", act=acts.unfold
    ),
    Page(
        "integrations:channel-remove",
        "support",
        shot="channel-remove-wrong",
        act=acts.press("main form .button--danger"),
    ),
    Page("whatsapp:outage-detail", "lasting", shot="outage-lasts", slug="fora-do-ar"),
    Page("whatsapp:conversation-unheard", shot="unheard-some", slug="fora-do-ar"),
    Page(
        "whatsapp:conversation-detail",
        "answered",
        shot="composer-outcomes",
        slug="balcao",
        act=acts.unfold,
    ),
    Page(
        "whatsapp:conversation-detail",
        "answered",
        shot="composer-quoted",
        slug="balcao",
        act=acts.open_up(".message__act[name=reply]", ".composer__quoted"),
    ),
    Page(
        "whatsapp:conversation-detail",
        "answered",
        shot="composer-react",
        slug="balcao",
        act=acts.open_up(".message__act[name=react]", ".composer__reactions"),
    ),
    Page(
        "whatsapp:conversation-detail",
        "answered",
        shot="composer-emoji",
        slug="balcao",
        act=acts.open_up("[data-emoji]", ".composer__glyph"),
    ),
    Page(
        "whatsapp:conversation-detail",
        "answered",
        shot="composer-canned",
        slug="balcao",
        act=acts.ask_for_canned,
    ),
    Page(
        "whatsapp:conversation-detail",
        "answered",
        shot="composer-refused",
        slug="balcao",
        act=acts.send_nothing,
    ),
    Page(
        "whatsapp:conversation-detail",
        "expired",
        shot="composer-closed",
        slug="balcao",
    ),
    Page("whatsapp:conversation-canned", shot="empty-canned", slug="nova"),
    Page(
        "whatsapp:conversation-canned", shot="canned-new", query="?new=1", slug="balcao"
    ),
    Page(
        "whatsapp:conversation-canned",
        shot="canned-wrong",
        query="?new=1",
        slug="balcao",
        act=acts.press("main form .button--primary"),
    ),
    Page(
        "whatsapp:conversation-canned",
        shot="canned-delete",
        slug="balcao",
        act=acts.press(".canned a[href*='delete=']"),
    ),
    Page("tickets:notification-list", shot="empty-notifications", slug="nova"),
    Page("tickets:notification-rules", shot="empty-notification-rules", slug="nova"),
    Page("tickets:notification-rules", shot="notification-rules-agent", who="agent"),
    Page("tickets:notification-list", shot="notifications-nothing", query="?ticket=77"),
    Page(
        "tickets:notification-rule-edit",
        "notice",
        shot="notification-rule-plan",
        act=acts.look_at_plan,
    ),
    Page(
        "tickets:notification-rule-edit",
        "notice",
        shot="notification-rule-wrong",
        act=acts.write_unknown_variable,
    ),
    Page("tickets:ticket-list", shot="empty-tickets", slug="nova"),
    Page("tickets:client-list", shot="empty-clients", slug="nova"),
    Page("tickets:ticket-list", shot="tickets-agent", who="agent"),
    Page(
        "tickets:ticket-list",
        shot="tickets-filtered",
        query="?status=all&priority=urgent&since=2026-03-11&until=2026-03-10",
    ),
    Page("tickets:ticket-list", shot="tickets-nothing", query="?q=xyzxyz"),
    Page("tickets:ticket-list", shot="tickets-bulk", act=acts.choose_tickets),
    Page(
        "tickets:ticket-new", shot="ticket-new-wrong", act=acts.press(acts.OPEN_TICKET)
    ),
    Page(
        "tickets:ticket-detail",
        "ticket",
        shot="ticket-link",
        act=acts.press(_MAKE_LINK),
    ),
    Page("tickets:ticket-detail", "ticket", shot="ticket-stale", act=acts.change_late),
    Page("tickets:client-list", shot="clients-nothing", query="?q=xyzxyz"),
    Page("tickets:client-new", shot="client-new-wrong", act=acts.type_wrong_client),
    Page("tickets:client-detail", "unlinked", shot="client-suggestions"),
    Page("accounts:settings-home", shot="settings-home-agent", who="agent"),
    Page("accounts:settings-members", shot="settings-members-agent", who="agent"),
    Page("accounts:settings-audit", shot="settings-audit-open", act=acts.unfold),
    Page("accounts:settings-audit", shot="settings-audit-nothing", query="?person=xyz"),
    Page(
        "accounts:platform-sign-ins",
        shot="platform-sign-ins-open",
        who="operator",
        act=acts.unfold,
    ),
    Page(
        "accounts:platform-sign-ins",
        shot="platform-sign-ins-nothing",
        query="?person=xyz",
        who="operator",
    ),
    Page(
        "accounts:settings-workspace",
        shot="settings-workspace-shortened",
        act=acts.keep_less,
    ),
    Page(
        "accounts:settings-member-invite",
        shot="settings-invite-wrong",
        act=acts.press("main form .button--primary"),
    ),
    Page("/invitations/convite-aberto/", shot="invitation-open", who="stranger"),
    Page(
        "/invitations/convite-vencido/",
        shot="invitation-over",
        who="stranger",
        status=410,
    ),
    Page("/invitations/convite-aberto/", shot="invitation-other", status=403),
)
