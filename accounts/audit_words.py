"""Audit entries as sentences, for every action that any room records.

A table, because an entry outlives the code that made it: what is not in it is shown as it
was written. A test compares it with the actions in the code. `audit_sentences` fills it in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import AuditEvent

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Words:
    """`label` names the action in the filter; `sentence` may look at the entry to choose."""

    label: Text
    sentence: Text | Callable[[AuditEvent], Text]
    page: str = ""  # the address whose key the target is


@dataclass(frozen=True, slots=True)
class Group:
    label: Text
    prefix: str
    all_label: Text
    actions: Mapping[str, Words]


def _assigned(event: AuditEvent) -> Text:
    to = event.details.get("to")
    if to is None:
        return _(
            "%(actor)s took a conversation from %(from_person)s and left it to nobody"
        )
    if to == event.actor_id:
        return _("%(actor)s took over a conversation")
    return _("%(actor)s assigned a conversation to %(to_person)s")


def _verified(event: AuditEvent) -> Text:
    if event.details.get("intact"):
        return _("%(actor)s checked this log: %(entries)s, all intact")
    return _("%(actor)s checked this log: broken at number %(broken_at)s")


GROUPS = (
    Group(
        pgettext_lazy("audit", "Members"),
        "member.",
        _("Anything about members"),
        {
            "member.added": Words(
                _("Member added"), _("%(actor)s added %(person)s as %(role)s")
            ),
            "member.role_changed": Words(
                _("Role changed"),
                _("%(actor)s changed %(person)s from %(from_role)s to %(to_role)s"),
            ),
            "member.removed": Words(
                _("Member removed"),
                _(
                    "%(actor)s removed %(person)s, who was %(role)s; %(released)s became free"
                ),
            ),
            "member.left": Words(
                _("Member left"),
                _("%(actor)s left the workspace; %(released)s became free"),
            ),
        },
    ),
    Group(
        pgettext_lazy("audit", "Invitations"),
        "invitation.",
        _("Anything about invitations"),
        {
            "invitation.created": Words(
                _("Invitation made"), _("%(actor)s invited %(email)s as %(role)s")
            ),
            "invitation.renewed": Words(
                _("Invitation made anew"),
                _("%(actor)s made the invitation of %(email)s anew"),
            ),
            "invitation.revoked": Words(
                _("Invitation revoked"),
                _("%(actor)s revoked the invitation of %(email)s"),
            ),
            "invitation.accepted": Words(
                _("Invitation accepted"),
                _("%(actor)s accepted the invitation and joined as %(role)s"),
            ),
            "invitation.refused": Words(
                _("Invitation refused"),
                _(
                    "%(actor)s opened the invitation of %(email)s, which did not count: %(why)s"
                ),
            ),
        },
    ),
    Group(
        pgettext_lazy("audit", "Sign-in"),
        "sign_in_rule.",
        _("Anything about sign-in rules"),
        {
            "sign_in_rule.added": Words(
                _("Sign-in rule added"), _("%(actor)s added a sign-in rule")
            ),
            "sign_in_rule.removed": Words(
                _("Sign-in rule removed"), _("%(actor)s removed a sign-in rule")
            ),
        },
    ),
    Group(
        pgettext_lazy("audit", "Service tokens"),
        "api_token.",
        _("Anything about service tokens"),
        {
            "api_token.made": Words(
                _("Service token made"), _("%(actor)s made a service token")
            ),
            "api_token.revoked": Words(
                _("Service token revoked"), _("%(actor)s revoked a service token")
            ),
        },
    ),
    Group(
        pgettext_lazy("audit", "Workspace"),
        "workspace.",
        _("Anything about the workspace"),
        {
            "workspace.added": Words(
                _("Workspace opened"), _("%(actor)s opened the workspace")
            ),
            "workspace.changed": Words(
                _("Settings changed"), _("%(actor)s changed the settings: %(changes)s")
            ),
            "workspace.ownership_transferred": Words(
                _("Ownership handed over"),
                _("%(actor)s handed the workspace over to %(person)s"),
            ),
        },
    ),
    Group(
        pgettext_lazy("audit", "Conversations"),
        "conversation.",
        _("Anything about conversations"),
        {
            "conversation.assigned": Words(
                _("Conversation assigned"), _assigned, "whatsapp:conversation-detail"
            ),
            "conversation.closed": Words(
                _("Conversation closed"),
                _("%(actor)s closed a conversation"),
                "whatsapp:conversation-detail",
            ),
            "conversation.reopened": Words(
                _("Conversation reopened"),
                _("%(actor)s reopened a conversation"),
                "whatsapp:conversation-detail",
            ),
        },
    ),
    Group(
        pgettext_lazy("audit", "Leads"),
        "lead.",
        _("Anything about leads"),
        {
            "lead.edited": Words(
                _("Lead edited"),
                _("%(actor)s edited a lead: %(fields)s"),
                "whatsapp:lead-detail",
            ),
            "lead.note_added": Words(
                _("Note added"),
                _("%(actor)s wrote a note about a lead"),
                "whatsapp:lead-detail",
            ),
            "lead.note_deleted": Words(
                _("Note deleted"),
                _("%(actor)s deleted a note about a lead"),
                "whatsapp:lead-detail",
            ),
            "lead.origin_corrected": Words(
                _("Origin corrected"),
                _("%(actor)s corrected where a lead came from"),
                "whatsapp:lead-detail",
            ),
            "lead.exported": Words(
                _("Leads exported"), _("%(actor)s exported the leads as a file")
            ),
        },
    ),
    Group(
        pgettext_lazy("audit", "Links"),
        "link.",
        _("Anything about links"),
        {
            "link.added": Words(
                _("Link made"),
                _("%(actor)s made the link %(slug)s"),
                "whatsapp:link-detail",
            ),
            "link.changed": Words(
                _("Link changed"),
                _("%(actor)s changed a link: %(fields)s"),
                "whatsapp:link-detail",
            ),
            "link.paused": Words(
                _("Link paused"), _("%(actor)s paused a link"), "whatsapp:link-detail"
            ),
            "link.resumed": Words(
                _("Link resumed"),
                _("%(actor)s let a link lead on again"),
                "whatsapp:link-detail",
            ),
        },
    ),
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
    Group(
        pgettext_lazy("audit", "Audit log"),
        "audit.",
        _("Anything about this log"),
        {
            "audit.exported": Words(
                _("Log exported"), _("%(actor)s exported this log as %(format)s")
            ),
            "audit.verified": Words(_("Log checked"), _verified),
        },
    ),
)
WORDS = {name: words for group in GROUPS for name, words in group.actions.items()}
ACTORS: dict[str, Text] = {
    "operator": _("The operator of the installation"),
    "schedule": _("The nightly schedule"),
    "system": _("Recado"),
    "visitor": _("Somebody who was not signed in"),
    "demo": _("The demonstration"),
}
FIELDS: dict[str, Text] = {
    "name": _("name"),
    "email": _("e-mail"),
    "stage": _("stage"),
    "slug": _("address"),
    "channel": _("number"),
    "prefilled_text": _("first text"),
    "utm_source": _("source"),
    "utm_medium": _("medium"),
    "utm_campaign": _("campaign"),
    "utm_content": _("content"),
    "utm_term": _("term"),
    "time_zone": _("time zone"),
    "language": _("language"),
    "raw_webhook_days": _("days of webhook requests"),
    "channel_log_days": _("days of provider calls"),
}
WHYS: dict[str, Text] = {
    "expired": _("it had expired"),
    "used": _("it had been used"),
    "revoked": _("it had been revoked"),
    "other_address": _("the account has another address"),
    "unproven": _("the address is not confirmed"),
    "unknown": _("a newer link exists"),
}
PROBLEMS: dict[str, Text] = {
    "is missing": _("an entry is missing"),
    "was altered": _("an entry was altered"),
    "does not follow the entry before it": _(
        "an entry does not follow the one before it"
    ),
    "is not the entry the chain's head names": _("the last entry was replaced"),
    "the chain's head was altered": _("the mark of the last entry was altered"),
    "this and what followed is gone": _("the last entries are gone"),
    "the chain's own row is gone": _("the beginning of the chain is gone"),
    "the chain's key does not open": _("the key of the chain cannot be opened"),
}
