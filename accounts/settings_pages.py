"""The pages of a workspace's settings, as data: one line each, in the order of the menu."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.permissions import Action, may


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """`name` is the address's; those that begin with `family` belong to the page too."""

    name: str
    family: str
    label: Promise
    about: Promise
    action: Action


PAGES = (
    SettingsPage(
        "accounts:settings-workspace",
        "accounts:settings-workspace",
        pgettext_lazy("settings", "Workspace"),
        _("Name, time zone, language, and how long rows are kept."),
        Action.MANAGE_WORKSPACE,
    ),
    SettingsPage(
        "accounts:settings-members",
        "accounts:settings-member",
        _("Members"),
        _("Who belongs to this workspace, in which role, and who is invited."),
        Action.READ,
    ),
    SettingsPage(
        "accounts:settings-sign-in",
        "accounts:settings-sign-in",
        pgettext_lazy("settings", "Sign-in"),
        _("Which server people sign in at, and what it decides about them."),
        Action.MANAGE_MEMBERS,
    ),
    SettingsPage(
        "whatsapp:opt-out-words",
        "whatsapp:opt-out-words",
        _("Opt-out"),
        _("By which words people stop hearing from you, and what they are told then."),
        Action.MANAGE_WORKSPACE,
    ),
    SettingsPage(
        "tickets:notification-rules",
        "tickets:notification-",
        _("Notifications"),
        _(
            "What clients are told about their tickets: when, by which text, and when not."
        ),
        Action.READ,
    ),
    SettingsPage(
        "tokens:token-list",
        "tokens:",
        _("Service tokens"),
        _("With which other systems call this workspace's API."),
        Action.MANAGE_WORKSPACE,
    ),
    SettingsPage(
        "events:event-list",
        "events:",
        pgettext_lazy("settings", "Events"),
        _("What other systems tell of tickets, and what they hear of yours."),
        Action.MANAGE_WORKSPACE,
    ),
    SettingsPage(
        "accounts:settings-applications",
        "accounts:settings-application",
        _("Applications"),
        _("Other systems that people of this workspace sign in to."),
        Action.MANAGE_WORKSPACE,
    ),
    SettingsPage(
        "accounts:settings-audit",
        "accounts:settings-audit",
        _("Audit log"),
        _("Who did what and when; filter, export, and prove that nothing is missing."),
        Action.READ_AUDIT,
    ),
)


def list_pages(role: str) -> list[SettingsPage]:
    """Those that somebody of this role may open."""
    return [page for page in PAGES if may(role, page.action)]
