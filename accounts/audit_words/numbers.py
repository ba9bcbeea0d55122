"""Numbers, their outages, and what their providers post."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.audit_words.shapes import Group, Text, Words
from accounts.models import AuditEvent


def _settled(event: AuditEvent) -> Text:
    if event.details.get("verdict") == "ours":
        return _("%(actor)s noted of a chat that we wrote first")
    return _("%(actor)s noted of a chat that somebody called or wrote")


GROUPS = (
    Group(
        pgettext_lazy("audit", "Integrations"),
        "integration.",
        _("Anything about integrations"),
        {
            "integration.added": Words(
                _("Integration added"),
                _("%(actor)s connected a number through %(provider)s"),
            ),
            "integration.webhook_url_changed": Words(
                _("Webhook address changed"),
                _("%(actor)s gave an integration a new webhook address"),
            ),
            "integration.session_opened": Words(
                _("Connection begun"),
                _("%(actor)s began to connect a number"),
                "integrations:channel-detail",
            ),
            "integration.checked": Words(
                _("Number checked"),
                _("%(actor)s had the provider asked about a number"),
                "integrations:channel-detail",
            ),
            "integration.reconnected": Words(
                _("Connected again"),
                _("%(actor)s had a number connect again"),
                "integrations:channel-detail",
            ),
            "integration.started_clean": Words(
                _("Started clean"),
                _("%(actor)s ended the session of a number to begin anew"),
                "integrations:channel-detail",
            ),
            "integration.renamed": Words(
                _("Number renamed"),
                _("%(actor)s renamed a number"),
                "integrations:channel-detail",
            ),
            "integration.receipts_changed": Words(
                _("Ticks and “typing…” changed"),
                _("%(actor)s changed whether people see that they were read"),
                "integrations:channel-detail",
            ),
            "integration.hours_changed": Words(
                _("Hours or automatic answers changed"),
                _("%(actor)s changed the hours or the automatic answers of a number"),
                "integrations:channel-detail",
            ),
            "integration.credentials_replaced": Words(
                _("Credentials replaced"),
                _("%(actor)s replaced the credentials of a number"),
                "integrations:channel-detail",
            ),
            "integration.credentials_granted": Words(
                _("Key received"),
                _("%(actor)s received a key from the provider and sealed it"),
            ),
            "integration.webhook_set": Words(
                _("Webhook address set"),
                _("%(actor)s set our webhook address at the provider"),
            ),
            "integration.webhook_secret_shown": Words(
                _("Webhook secret shown"),
                _("%(actor)s looked at the secret that %(provider)s proves itself by"),
            ),
            "integration.message_link_created": Words(
                _("Message link made"),
                _("%(actor)s made a message link at %(provider)s"),
                "integrations:message-links",
            ),
            "integration.message_link_deleted": Words(
                _("Message link deleted"),
                _("%(actor)s deleted a message link at %(provider)s"),
                "integrations:message-links",
            ),
            "integration.phone_linked": Words(
                _("Simulated phone linked"),
                _("%(actor)s linked a simulated phone to Recado"),
            ),
            "integration.phone_unlinked": Words(
                _("Simulated phone unlinked"),
                _("%(actor)s unlinked Recado on a simulated phone"),
            ),
            "integration.disconnected": Words(
                _("Number disconnected"),
                _("%(actor)s disconnected a number"),
                "integrations:channel-detail",
            ),
            "integration.removed": Words(
                _("Integration removed"),
                _(
                    "%(actor)s removed a number from %(provider)s; its conversations stay"
                ),
            ),
        },
    ),
    Group(
        pgettext_lazy("audit", "Outages"),
        "outage.",
        _("Anything about outages"),
        {
            "outage.exported": Words(
                _("People of an outage exported"),
                _("%(actor)s exported who to call after an outage"),
                "whatsapp:outage-detail",
            ),
        },
    ),
    Group(
        pgettext_lazy("audit", "Unheard chats"),
        "unheard.",
        _("Anything about chats without a message of theirs"),
        {
            "unheard.settled": Words(
                _("Unheard chat settled"), _settled, "whatsapp:lead-detail"
            ),
        },
    ),
    Group(
        pgettext_lazy("audit", "Webhooks"),
        "inbox.",
        _("Anything about webhooks"),
        {
            "inbox.replayed": Words(
                _("Webhooks processed again"),
                _("%(actor)s had %(requests)s processed again"),
            ),
            "inbox.parked": Words(
                _("Webhooks parked"), _("%(actor)s parked %(requests)s: %(reason)s")
            ),
            "inbox.pruned": Words(
                _("Webhooks deleted"),
                _("%(actor)s deleted %(requests)s older than %(days)s days"),
            ),
            "inbox.content_shown": Words(
                _("Webhook content shown"),
                _("%(actor)s looked at the content of a webhook"),
                "webhooks:webhook-detail",
            ),
            "inbox.content_downloaded": Words(
                _("Webhook content downloaded"),
                _("%(actor)s downloaded the content of a webhook"),
                "webhooks:webhook-detail",
            ),
        },
    ),
)
