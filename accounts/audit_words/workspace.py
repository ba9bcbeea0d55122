"""Who belongs to a workspace, how they get in, and its settings."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.audit_words.shapes import Group, Text, Words
from accounts.models import AuditEvent


def _token_made(event: AuditEvent) -> Text:
    """Entries of earlier releases name no token."""
    if "name" in event.details:
        return _("%(actor)s made the service token %(name)s")
    return _("%(actor)s made a service token")


def _token_revoked(event: AuditEvent) -> Text:
    if "name" in event.details:
        return _("%(actor)s revoked the service token %(name)s")
    return _("%(actor)s revoked a service token")


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
            "invitation.limited": Words(
                _("Invitation stopped"),
                _(
                    "%(actor)s wanted to invite %(email)s, after too many invitations in a short time"
                ),
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
                _("Sign-in rule added"),
                _("%(actor)s added a sign-in rule: %(claim)s = %(value)s, %(role)s"),
            ),
            "sign_in_rule.removed": Words(
                _("Sign-in rule removed"),
                _("%(actor)s removed a sign-in rule: %(claim)s = %(value)s, %(role)s"),
            ),
        },
    ),
    Group(
        pgettext_lazy("audit", "Service tokens"),
        "api_token.",
        _("Anything about service tokens"),
        {
            "api_token.made": Words(_("Service token made"), _token_made),
            "api_token.revoked": Words(_("Service token revoked"), _token_revoked),
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
            "workspace.figures_exported": Words(
                _("Figures exported"),
                _("%(actor)s exported the figures of the home page as a file"),
            ),
            "workspace.opt_out_words_changed": Words(
                _("Opt-out words changed"),
                _("%(actor)s changed the words by which people stop hearing from you"),
            ),
            "workspace.notification_settings_changed": Words(
                _("Ways of notifications changed"),
                _("%(actor)s changed the quiet hours and ways of notifications"),
            ),
            "workspace.ownership_transferred": Words(
                _("Ownership handed over"),
                _("%(actor)s handed the workspace over to %(person)s"),
            ),
        },
    ),
)
