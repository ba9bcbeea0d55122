"""How the attribution report says things: names of its groups, and what to do about a lead
that came without an origin."""

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from whatsapp.models import Cause, TouchKind
from whatsapp.selectors.report import Group

Words = str | Promise

HEADINGS: dict[str, Words] = {
    "origin": gettext_lazy("Origin"),
    "campaign": gettext_lazy("Campaign"),
    "link": gettext_lazy("Link"),
    "ad": gettext_lazy("Ad"),
}
_SILENT: dict[str, Words] = {
    "campaign": gettext_lazy("Without a campaign"),
    "link": gettext_lazy("Without a link that is still there"),
    "ad": gettext_lazy("Not from an ad that has an id"),
}
ADVICE: dict[str, Words] = {
    Cause.NO_TOKEN: gettext_lazy(
        "These people wrote on their own: from a saved contact, a flyer, the map or a button"
        " that leads straight to WhatsApp. Put a tracked link behind every place where your"
        " number stands, a QR code of it on paper."
    ),
    Cause.UNKNOWN: gettext_lazy(
        "The token looks whole, yet no click here has it. It was copied from elsewhere, made"
        " up, or belongs to another installation. If many come in, look for a page that shows"
        " a fixed text with an old token."
    ),
    Cause.DAMAGED: gettext_lazy(
        "The token was changed too much, or the click was more than 72 hours ago or on another"
        " number. A prepared text that people want to send as it is gets changed less."
    ),
    Cause.AMBIGUOUS: gettext_lazy(
        "Two recent clicks could be meant, so none was guessed. If you know which one it was,"
        " correct the origin on the lead's page."
    ),
    Cause.TAKEN: gettext_lazy(
        "The only click that fits belongs to somebody else: a message was forwarded. Correct"
        " the origin on the lead's page if you know better."
    ),
    Cause.NAMELESS_AD: gettext_lazy(
        "The provider said that an ad was clicked, and not which one. Check that the ad still"
        " exists, and whether the provider passes referrals on."
    ),
    Cause.KNOWN: gettext_lazy(
        "We knew the number before a message told an origin. A later click on a tracked link"
        " or an ad fills it in by itself."
    ),
    Cause.BY_HAND: gettext_lazy(
        "Somebody of the team decided so and gave a reason; it stands on the lead's page."
    ),
    Cause.NOT_KEPT: gettext_lazy(
        "The origin was found, but its click is gone. The lead's page still shows the evidence."
    ),
    Cause.WAITED: gettext_lazy(
        "Another system made the lead under a token and the person wrote with it, so the two"
        " are one for certain; no click tells where they came from. Let that system send people"
        " through a tracked link, or correct the origin on the lead's page."
    ),
    Cause.UNHEARD: gettext_lazy(
        "These leads were made before the person wrote. The origin comes with the first"
        " message."
    ),
    Cause.OTHER: gettext_lazy("The evidence on the lead's page says what was tried."),
}


def title(group: Group, *, by: str) -> str:
    """What the group is called; empty names are worded."""
    if by != "origin":
        return group.label or group.name or str(_SILENT[by])
    if group.kind == TouchKind.AD:
        return _("Click-to-WhatsApp ads")
    if group.name:
        return group.name
    if group.kind == TouchKind.LINK:
        return _("Tracked links without a source")
    return str(TouchKind(group.kind).label)


def note(group: Group, *, by: str) -> str:
    """What is written small beside it."""
    if by == "origin" and group.name and group.kind != TouchKind.AD:
        return str(TouchKind(group.kind).label)
    return group.name if by == "ad" and group.label else ""
