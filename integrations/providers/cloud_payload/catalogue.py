"""Meta's error codes for people: of Meta itself, and of 360dialog, which passes them on.

https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
"""

from collections.abc import Mapping
from typing import Final

from integrations.providers.base.catalogue import (
    Entry,
    ErrorClass,
    NextAction,
    entry,
)
from integrations.providers.base.texts import gettext_noop as _

_MANAGER: Final = "https://business.facebook.com/wa/manage/home/"
_BILLING: Final = "https://business.facebook.com/billing_hub/payment_settings"
_QUALITY: Final = "https://www.facebook.com/business/help/896873687365001"

_RETRY, _FAIL = ErrorClass.RETRY, ErrorClass.FAIL
_RECONNECT, _STOP = ErrorClass.RECONNECT, ErrorClass.STOP

_WAYS_IN: Final[dict[str, Entry]] = {
    "0": entry(_RECONNECT, _("Meta does not recognise the access token.")),
    "190": entry(_RECONNECT, _("The access token has expired or was revoked.")),
    **dict.fromkeys(
        ("3", "10", *map(str, range(200, 300))),
        entry(
            _RECONNECT,
            _("The access token lacks a permission that sending needs."),
            advice=_(
                "Give the system user whatsapp_business_messaging at Meta, make a new token "
                "and connect the number again."
            ),
            link="https://business.facebook.com/settings/system-users",
        ),
    ),
    "131005": entry(
        _RECONNECT, _("Meta denies this app access to the WhatsApp account.")
    ),
    "131045": entry(_RECONNECT, _("The number is not registered for sending at Meta.")),
    "100/33": entry(
        _RECONNECT, _("The number does not exist at Meta, or the token may not see it.")
    ),
}

_LIMITS: Final[dict[str, Entry]] = {
    "4": entry(_RETRY, _("The app asks Meta too often at the moment.")),
    "80007": entry(
        _RETRY, _("The WhatsApp account asks Meta too often at the moment.")
    ),
    "130429": entry(_RETRY, _("The number sends faster than Meta allows.")),
    "131048": entry(
        _RETRY,
        _("Meta slows this number down because people blocked or reported it."),
        NextAction.CHECK_PROVIDER,
        advice=_(
            "Send less and only to people who wait for it, until the quality is better again."
        ),
        link=_QUALITY,
    ),
    "131056": entry(
        _RETRY, _("Too many messages went to this person in a short time.")
    ),
    "131064": entry(
        _STOP,
        _("Meta limits this account because templates were in the wrong category."),
        link=_MANAGER,
    ),
    "133016": entry(
        _RETRY, _("The number was registered too often; Meta makes it wait for hours.")
    ),
    "131057": entry(_RETRY, _("Meta is working on this account for a moment.")),
    "131016": entry(_RETRY, _("Meta's service is not available for a moment.")),
    "131000": entry(
        _RETRY,
        _("Something went wrong at Meta, and it does not say what."),
        NextAction.SEND_AGAIN,
    ),
    "135000": entry(
        _RETRY,
        _("Meta could not send the message, and does not say why."),
        NextAction.SEND_AGAIN,
    ),
}

_ACCOUNT: Final[dict[str, Entry]] = {
    "368": entry(
        _STOP,
        _("Meta has blocked this account for breaking its rules."),
        link=_MANAGER,
    ),
    "131031": entry(_STOP, _("Meta has locked this account."), link=_MANAGER),
    "131042": entry(
        _STOP,
        _("Meta has a problem with the payment of this account."),
        advice=_("Check the payment method at Meta; then send again."),
        link=_BILLING,
    ),
    "131037": entry(
        _FAIL,
        _("Meta has not approved the display name of this number."),
        NextAction.CHECK_PROVIDER,
        link=_MANAGER,
    ),
    "131063": entry(
        _FAIL,
        _("Marketing templates are switched off for this number."),
        NextAction.CHECK_PROVIDER,
        link=_MANAGER,
    ),
}

_PERSON: Final[dict[str, Entry]] = {
    "130497": entry(
        _FAIL,
        _("This account may not write to people in that country."),
        NextAction.CHECK_NUMBER,
    ),
    "130472": entry(
        _FAIL,
        _("Meta keeps marketing from this person for an experiment."),
        NextAction.SEND_TEMPLATE,
        advice=_("Send a utility template, or wait until the person writes."),
    ),
    "131021": entry(
        _FAIL, _("The number cannot write to itself."), NextAction.CHECK_NUMBER
    ),
    "131026": entry(
        _FAIL,
        _(
            "The message cannot be delivered: the person is not on WhatsApp, uses an old "
            "version, or has not accepted its new terms."
        ),
        NextAction.CHECK_NUMBER,
    ),
    "131030": entry(
        _FAIL,
        _("This test number may only write to numbers that were added at Meta."),
        NextAction.CHECK_PROVIDER,
        advice=_("Add the person's number to the test numbers in the app dashboard."),
        link="https://developers.facebook.com/apps/",
    ),
    "131047": entry(
        _FAIL,
        _("More than 24 hours have passed since the person last wrote."),
        NextAction.SEND_TEMPLATE,
    ),
    "131049": entry(
        _FAIL,
        _("Meta held the message back, because this person gets much marketing."),
        NextAction.WAIT,
        advice=_(
            "Wait at least 24 hours before you send this person another marketing message."
        ),
    ),
    "131050": entry(
        _FAIL,
        _("This person wants no more marketing from your business."),
        NextAction.OPT_OUT,
    ),
    "131062": entry(
        _FAIL,
        _("This kind of message needs the person's phone number, which is not known."),
        NextAction.CHECK_NUMBER,
    ),
    "137000": entry(
        _FAIL,
        _(
            "The person has changed their phone, and Meta wants their identity confirmed."
        ),
        NextAction.SEND_AGAIN,
        advice=_("Make sure that it is still the same person; then send it again."),
    ),
}

_MESSAGE: Final[dict[str, Entry]] = {
    "100": entry(_FAIL, _("Meta does not accept something in this message.")),
    "131008": entry(_FAIL, _("Meta misses something in this message.")),
    "131009": entry(_FAIL, _("Meta does not accept a value in this message.")),
    "131051": entry(_FAIL, _("WhatsApp does not support messages of this kind.")),
    "131052": entry(
        _FAIL,
        _("The file that the person sent could not be fetched from Meta."),
        advice=_("Ask the person to send it again."),
    ),
    "131053": entry(
        _RETRY, _("Meta could not fetch the file from its address, or cannot read it.")
    ),
    "131060": entry(
        _FAIL,
        _("WhatsApp cannot show this received message at the moment."),
        advice=_("Ask the person to send it again."),
    ),
    "132068": entry(
        _FAIL, _("The form in this message is blocked."), NextAction.CHECK_PROVIDER
    ),
    "132069": entry(_RETRY, _("The form in this message is slowed down by Meta.")),
    "2593109": entry(
        _FAIL,
        _("The business chose not to share earlier conversations."),
        NextAction.NONE,
        advice=_("Nothing is wrong: new messages arrive as usual."),
    ),
}

_SYNC: Final = NextAction.SYNC_TEMPLATES
_FIX_DRAFT: Final = _("Change the template and submit it again.")
_TEMPLATES: Final[dict[str, Entry]] = {
    "132000": entry(
        _FAIL,
        _("The template has another number of gaps than were filled in."),
        _SYNC,
    ),
    "132001": entry(
        _FAIL,
        _("There is no approved template of this name in this language."),
        _SYNC,
    ),
    "132005": entry(_FAIL, _("With its gaps filled in, the template is too long.")),
    "132007": entry(
        _FAIL, _("The text of the template breaks one of WhatsApp's rules."), _SYNC
    ),
    "132008": entry(_FAIL, _("A value in the template is not accepted.")),
    "132012": entry(
        _FAIL, _("A value in the template has another form than was approved."), _SYNC
    ),
    "132015": entry(
        _FAIL,
        _("The template is paused, because people did not like it."),
        _SYNC,
    ),
    "132016": entry(
        _FAIL, _("The template was paused too often and is now disabled."), _SYNC
    ),
    "2388019": entry(
        _FAIL,
        _("The account has as many templates as it may have."),
        advice=_("Delete templates that nobody uses."),
    ),
    "2388024": entry(
        _FAIL,
        _("There is a template of this name in this language already."),
        advice=_("Choose another name, or change the one that is there."),
    ),
    "2388040": entry(
        _FAIL, _("A part of the template is too long."), advice=_FIX_DRAFT
    ),
    "2388047": entry(
        _FAIL,
        _("The header or the body of the template has a wrong form."),
        advice=_FIX_DRAFT,
    ),
    "2388073": entry(
        _FAIL, _("The footer of the template has a wrong form."), advice=_FIX_DRAFT
    ),
    "2388293": entry(
        _FAIL,
        _("The template has too many gaps for so little text."),
        advice=_FIX_DRAFT,
    ),
    "2388299": entry(
        _FAIL,
        _("The template begins or ends with a gap."),
        advice=_FIX_DRAFT,
    ),
}

ENTRIES: Final[Mapping[str, Entry]] = {
    **_WAYS_IN,
    **_LIMITS,
    **_ACCOUNT,
    **_PERSON,
    **_MESSAGE,
    **_TEMPLATES,
}
# Nothing will change this answer, whatever the HTTP status beside it.
FINAL: Final = frozenset(
    code for code, one in ENTRIES.items() if one.kind in (_FAIL, _STOP)
)
# Even with a 5xx these tell that nothing was sent. "Unknown" and "generic" do not.
SAYS_NO: Final = frozenset(ENTRIES) - {"131000", "135000"}
