"""The log itself."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.audit_words.shapes import Group, Text, Words
from accounts.models import AuditEvent


def _verified(event: AuditEvent) -> Text:
    if event.details.get("intact"):
        return _("%(actor)s checked this log: %(entries)s, all intact")
    return _("%(actor)s checked this log: broken at number %(broken_at)s")


GROUPS = (
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
