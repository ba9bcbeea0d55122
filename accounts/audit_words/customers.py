"""Conversations, leads and the links they come by."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.audit_words.shapes import Group, Text, Words
from accounts.models import AuditEvent


def _assigned(event: AuditEvent) -> Text:
    to = event.details.get("to")
    if to is None:
        return _(
            "%(actor)s took a conversation from %(from_person)s and left it to nobody"
        )
    if to == event.actor_id:
        return _("%(actor)s took over a conversation")
    return _("%(actor)s assigned a conversation to %(to_person)s")


GROUPS = (
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
        pgettext_lazy("audit", "Canned replies"),
        "canned.",
        _("Anything about canned replies"),
        {
            "canned.added": Words(
                _("Canned reply added"),
                _("%(actor)s wrote the canned reply “%(name)s”"),
            ),
            "canned.changed": Words(
                _("Canned reply changed"),
                _("%(actor)s changed the canned reply “%(name)s”"),
            ),
            "canned.deleted": Words(
                _("Canned reply deleted"),
                _("%(actor)s deleted the canned reply “%(name)s”"),
            ),
        },
    ),
    Group(
        pgettext_lazy("audit", "Sends"),
        "send.",
        _("Anything about sends"),
        {
            "send.repeated": Words(
                _("Message sent again"),
                _("%(actor)s sent a message again that had not surely arrived"),
                "whatsapp:send-detail",
            ),
            "send.dropped": Words(
                _("Message dropped"),
                _("%(actor)s gave up on a message that was not sent or is unconfirmed"),
                "whatsapp:send-detail",
            ),
            "send.requested": Words(
                _("Message asked for by a system"),
                _("%(actor)s had a message sent through the API"),
                "whatsapp:send-detail",
            ),
            "send.exported": Words(
                _("Sends exported"), _("%(actor)s exported the sends as a file")
            ),
            "send.paused": Words(
                _("Number paused"), _("%(actor)s paused sending from a number")
            ),
            "send.resumed": Words(
                _("Number resumed"), _("%(actor)s let a number send again")
            ),
        },
    ),
    Group(
        pgettext_lazy("audit", "Templates"),
        "template.",
        _("Anything about templates"),
        {
            "template.submitted": Words(
                _("Template submitted"),
                _("%(actor)s submitted the template %(name)s (%(language)s)"),
                "whatsapp:template-detail",
            ),
            "template.changed": Words(
                _("Template changed"),
                _("%(actor)s changed the template %(name)s (%(language)s)"),
                "whatsapp:template-detail",
            ),
            "template.deleted": Words(
                _("Template deleted"),
                _("%(actor)s deleted the template %(name)s"),
                "whatsapp:template-detail",
            ),
            "template.settled": Words(
                _("Template alert settled"),
                _("%(actor)s settled the alert about the template %(name)s"),
                "whatsapp:template-detail",
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
            "lead.opted_out": Words(
                _("Opt-out noted"),
                _("%(actor)s noted that a lead wants no more messages"),
                "whatsapp:lead-detail",
            ),
            "lead.opted_in": Words(
                _("Opt-out taken back"),
                _("%(actor)s noted that a lead wants messages again"),
                "whatsapp:lead-detail",
            ),
            "lead.merged": Words(
                _("Leads merged"),
                _("%(actor)s merged a lead into another one"),
                "whatsapp:lead-detail",
            ),
            "lead.merge_undone": Words(
                _("Merge undone"),
                _("%(actor)s took back the merge of two leads"),
                "whatsapp:lead-detail",
            ),
            "lead.told_apart": Words(
                _("Leads told apart"),
                _("%(actor)s said that two leads are not the same person"),
                "whatsapp:lead-detail",
            ),
            "lead.report_exported": Words(
                _("Attribution report exported"),
                _("%(actor)s exported the attribution report as a file"),
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
            "link.checked": Words(
                _("Link checked"),
                _("%(actor)s had a link checked"),
                "whatsapp:link-detail",
            ),
            "link.tested": Words(
                _("Link tested"), _("%(actor)s tested a link"), "whatsapp:link-detail"
            ),
            "link.won_stages_chosen": Words(
                _("Won stages chosen"),
                _("%(actor)s chose which stages count as won: %(stages)s"),
            ),
        },
    ),
    Group(
        pgettext_lazy("audit", "Tickets"),
        "ticket.",
        _("Anything about tickets"),
        {
            "ticket.opened": Words(
                _("Ticket opened by a system"),
                _("%(actor)s opened ticket #%(number)s through the API"),
                "tickets:ticket-detail",
            ),
            "ticket.changed": Words(
                _("Ticket changed by a system"),
                _("%(actor)s changed ticket #%(number)s through the API: %(fields)s"),
                "tickets:ticket-detail",
            ),
            "ticket.relayed": Words(
                _("News of a ticket by a system"),
                _("%(actor)s had people told about ticket #%(number)s through the API"),
                "tickets:ticket-detail",
            ),
            "ticket.commented": Words(
                _("Comment by a system"),
                _("%(actor)s commented on ticket #%(number)s through the API"),
                "tickets:ticket-detail",
            ),
            "ticket.link_made": Words(
                _("Link to a ticket made"),
                _("%(actor)s made a link to ticket #%(number)s for its client"),
                "tickets:ticket-detail",
            ),
            "ticket.links_withdrawn": Words(
                _("Links to a ticket withdrawn"),
                _("%(actor)s withdrew the client's links to ticket #%(number)s"),
                "tickets:ticket-detail",
            ),
            "ticket.bulk_changed": Words(
                _("Tickets changed together"),
                _("%(actor)s changed %(count)s tickets at once: %(fields)s"),
            ),
            "ticket.exported": Words(
                _("Tickets exported"), _("%(actor)s exported the tickets as a file")
            ),
        },
    ),
    Group(
        pgettext_lazy("audit", "Notifications"),
        "notification",
        _("Anything about notifications"),
        {
            "notification_rule.added": Words(
                _("Notification written"),
                _("%(actor)s wrote what is told on the event “%(event)s”"),
                "tickets:notification-rule-edit",
            ),
            "notification_rule.changed": Words(
                _("Notification changed"),
                _("%(actor)s changed what is told on the event “%(event)s”"),
                "tickets:notification-rule-edit",
            ),
            "notification_rule.switched_on": Words(
                _("Notification switched on"),
                _("%(actor)s switched on what is told on the event “%(event)s”"),
                "tickets:notification-rule-edit",
            ),
            "notification_rule.switched_off": Words(
                _("Notification switched off"),
                _("%(actor)s switched off what is told on the event “%(event)s”"),
                "tickets:notification-rule-edit",
            ),
            "notification_rule.removed": Words(
                _("Notification removed"),
                _("%(actor)s removed what was told on the event “%(event)s”"),
            ),
            "notification_rule.defaults_used": Words(
                _("Texts of notifications put to use"),
                _("%(actor)s put %(count)s texts of notifications to use"),
            ),
            "notification_rule.tried": Words(
                _("Notification tried out"),
                _("%(actor)s sent a test of what is told on the event “%(event)s”"),
            ),
            "notification.told_again": Words(
                _("Client told again"),
                _("%(actor)s told the client of ticket #%(number)s again"),
                "tickets:ticket-detail",
            ),
            "notification.mailed": Words(
                _("Client told by e-mail"),
                _("%(actor)s told the client of ticket #%(number)s by e-mail"),
                "tickets:ticket-detail",
            ),
            "notification.exported": Words(
                _("Notifications exported"),
                _("%(actor)s exported the notifications as a file"),
            ),
        },
    ),
    Group(
        pgettext_lazy("audit", "Clients"),
        "client.",
        _("Anything about clients"),
        {
            "client.added": Words(
                _("Client added"),
                _("%(actor)s added a client"),
                "tickets:client-detail",
            ),
            "client.edited": Words(
                _("Client edited"),
                _("%(actor)s edited a client: %(fields)s"),
                "tickets:client-detail",
            ),
            "client.linked": Words(
                _("Client linked"),
                _("%(actor)s said which lead a client is"),
                "tickets:client-detail",
            ),
            "client.exported": Words(
                _("Clients exported"), _("%(actor)s exported the clients as a file")
            ),
        },
    ),
)
