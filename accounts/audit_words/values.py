"""Values that stand inside the sentences: who acted, what changed, and why not."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.audit_words.shapes import Text

ACTORS: dict[str, Text] = {
    "operator": _("The operator of the installation"),
    "schedule": _("The nightly schedule"),
    "system": _("Recado"),
    "visitor": _("Somebody who was not signed in"),
    "demo": _("The demonstration"),
    "sign-in rule": _("A sign-in rule"),
}
FIELDS: dict[str, Text] = {
    "name": _("name"),
    "email": _("e-mail"),
    "stage": _("stage"),
    "phone": _("phone"),
    "lead": _("lead"),
    "status": pgettext_lazy("audit", "status"),
    "priority": pgettext_lazy("audit", "priority"),
    "assignee_id": pgettext_lazy("audit", "assignee"),
    "slug": _("address"),
    "channel": _("number"),
    "prefilled_text": _("first text"),
    "landing_url": _("page where it stands"),
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
    "inviter": _("whoever sent it may not invite any more"),
    "departed": _("they left or were removed after it was sent"),
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
    "the chain's own row is gone": _("the log or the beginning of its chain is gone"),
    "is not how a log begins": _(
        "the log was begun anew, and what was before it is gone"
    ),
    "the chain's key does not open": _("the key of the chain cannot be opened"),
}
