"""Events between systems: who tells us, who hears of us."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.audit_words.shapes import Group, Words

_SOURCE = "events:event-source"
_SUBSCRIPTION = "events:subscription-detail"

GROUPS = (
    Group(
        pgettext_lazy("audit", "Events of other systems"),
        "event",
        _("Anything about events of other systems"),
        {
            "event.received": Words(
                _("Event taken"),
                _("%(actor)s told of ticket #%(number)s: %(kind)s"),
                "tickets:ticket-detail",
            ),
            "event_source.added": Words(
                _("System that tells added"),
                _("%(actor)s let the system %(name)s tell of tickets"),
                _SOURCE,
            ),
            "event_source.rotated": Words(
                _("Secret of a system replaced"),
                _("%(actor)s made a new secret for the system %(name)s"),
                _SOURCE,
            ),
            "event_source.deleted": Words(
                _("System that tells removed"),
                _("%(actor)s removed the system %(name)s, which told of tickets"),
            ),
        },
    ),
    Group(
        pgettext_lazy("audit", "Subscriptions to events"),
        "subscription.",
        _("Anything about subscriptions to events"),
        {
            "subscription.added": Words(
                _("Subscription added"),
                _("%(actor)s has the system %(name)s told of events"),
                _SUBSCRIPTION,
            ),
            "subscription.changed": Words(
                _("Subscription changed"),
                _("%(actor)s changed what the system %(name)s is told, or where"),
                _SUBSCRIPTION,
            ),
            "subscription.started": Words(
                _("Subscription switched on"),
                _("%(actor)s has the system %(name)s told of events again"),
                _SUBSCRIPTION,
            ),
            "subscription.stopped": Words(
                _("Subscription switched off"),
                _("%(actor)s has the system %(name)s told of nothing more"),
                _SUBSCRIPTION,
            ),
            "subscription.gone": Words(
                _("Subscription ended by its receiver"),
                _("%(actor)s tells the system %(name)s nothing more, as it asked"),
                _SUBSCRIPTION,
            ),
            "subscription.rotated": Words(
                _("Secret of a subscription replaced"),
                _("%(actor)s made a new secret for what the system %(name)s is told"),
                _SUBSCRIPTION,
            ),
            "subscription.tested": Words(
                _("Subscription tested"),
                _("%(actor)s had a test event sent to the system %(name)s"),
                _SUBSCRIPTION,
            ),
            "subscription.repeated": Words(
                _("Events sent again"),
                _("%(actor)s had %(count)s events sent to the system %(name)s again"),
                _SUBSCRIPTION,
            ),
            "subscription.exported": Words(
                _("Sent events exported"),
                _("%(actor)s exported what was sent to the system %(name)s as a file"),
                _SUBSCRIPTION,
            ),
            "subscription.deleted": Words(
                _("Subscription removed"),
                _("%(actor)s removed the system %(name)s, which was told of events"),
            ),
        },
    ),
)
