"""What may become of a sign-in: a code for the record, and words for the person.

Many codes share their words: which check failed is for whoever reads the record.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import emails

SUCCESS = "signed_in"
BY_PASSWORD = "signed_in_by_password"  # noqa: S105  # an outcome, not a password
PASSWORD_REFUSED = "password_refused"  # noqa: S105  # as above
LOCKED_OUT = "locked_out"  # too many tries by one account or from one address
NOT_REVOKED = "tokens_not_revoked"
# What people, or an operator for them, changed about how they sign in here.
PASSWORD_CHANGED = "password_changed"  # noqa: S105  # an outcome, as above
FACTOR_ADDED = "factor_added"
FACTOR_REMOVED = "factor_removed"
FACTORS_TAKEN = "factors_removed_by_operator"
RECOVERY_CODES_MADE = "recovery_codes_made"
RECOVERY_CODES_REMOVED = "recovery_codes_removed"
EMAIL_ADDED = "email_added"
EMAIL_REMOVED = "email_removed"
EMAIL_CHANGED = "email_changed"
SUCCESSES = frozenset({SUCCESS, BY_PASSWORD})
_CHANGES = (
    *(PASSWORD_CHANGED, FACTOR_ADDED, FACTOR_REMOVED, FACTORS_TAKEN),
    *(RECOVERY_CODES_MADE, RECOVERY_CODES_REMOVED),
    *(EMAIL_ADDED, EMAIL_REMOVED, EMAIL_CHANGED),
)
DONE = SUCCESSES.union(_CHANGES)  # nobody was refused
_OF_OURS = (PASSWORD_REFUSED, LOCKED_OUT, NOT_REVOKED, *_CHANGES)


@dataclass(frozen=True, slots=True)
class Words:
    """What happened, and what to do."""

    title: str | Promise
    text: str | Promise
    cure: str | Promise
    status: int


_TELL = _("If it happens again, tell whoever runs Recado for you, with the code below.")
_WORDS = {
    "attempt": Words(
        _("This sign-in cannot go on"),
        _(
            "It was begun too long ago, in another browser, or it was finished already. Nothing was done."
        ),
        _("Start again from here, in this browser."),
        400,
    ),
    "cancelled": Words(
        _("You cancelled the sign-in"),
        _("The identity server did not let Recado know who you are, as you wished."),
        _("Start again when you like."),
        403,
    ),
    "away": Words(
        _("The identity server does not answer"),
        _(
            "Recado could not reach it, or it answered with an error. This is not about your account."
        ),
        _("Wait a minute and start again."),
        503,
    ),
    "code": Words(
        _("The identity server did not take its own code back"),
        _(
            "The code it had given for this sign-in was used already, or is too old. Nothing was done."
        ),
        _(
            "Start again from here. If it happens again, tell whoever runs Recado for you, with the code below."
        ),
        400,
    ),
    "client": Words(
        _("The identity server refuses Recado"),
        _(
            "It does not accept the name or the secret Recado has there. This is not about your account."
        ),
        _(
            "Whoever runs Recado must compare OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET and the redirect address with the registration at the server."
        ),
        502,
    ),
    "clock": Words(
        _("The clocks do not agree"),
        _(
            "What the identity server sent is not valid at this time. Its clock or the one of this machine is wrong."
        ),
        _("Whoever runs Recado must set both clocks by the network time."),
        502,
    ),
    "untrusted": Words(
        _("The identity server's answer could not be verified"),
        _(
            "To be safe, Recado did nothing with it. You are not signed in, and nothing was changed."
        ),
        _TELL,
        403,
    ),
    "no_email": Words(
        _("Your e-mail is missing"),
        _("The identity server did not tell Recado your e-mail, which it needs."),
        _(
            "Add an e-mail to your account there, or allow Recado to see it, and start again."
        ),
        403,
    ),
    "odd_email": Words(
        _("Your e-mail has letters that Recado does not accept"),
        emails.NOT_ASCII,
        _("Change your e-mail at the identity server, and start again."),
        403,
    ),
    "unverified": Words(
        _("Your e-mail is not confirmed"),
        _("The identity server says that your e-mail has not been confirmed yet."),
        _("Confirm it there, and start again."),
        403,
    ),
    "taken": Words(
        _("This e-mail belongs to another account here"),
        _(
            "Recado does not join accounts only because they have the same e-mail. Nothing was changed."
        ),
        _(
            "Sign in the way you did before, or ask whoever runs Recado to join the two accounts."
        ),
        403,
    ),
    "inactive": Words(
        _("Your account is switched off"),
        _("Somebody who runs Recado switched it off."),
        _("If you think this is a mistake, ask them."),
        403,
    ),
    "too_many": Words(
        _("Too many sign-ins"),
        _(
            "Your account signed in very often in a short time, so it is closed for a while. Nothing was changed."
        ),
        _("Wait a few minutes and start again."),
        429,
    ),
    "elsewhere": Words(
        _("This link leads out of Recado"),
        _(
            "The sign-in was asked to send you to an address that is not ours, so it was not begun."
        ),
        _("If somebody sent you this link, do not trust it. You can start from here."),
        400,
    ),
}
_CODES = {
    "attempt": (
        *("state_missing", "state_unknown", "state_expired", "state_spent"),
        *("state_other_server", "code_missing"),
    ),
    "cancelled": ("cancelled",),
    "away": (
        *("unreachable", "too_slow", "too_large", "redirected", "not_json"),
        *("server_error", "denied_by_server"),
    ),
    "code": ("code_refused",),
    "client": ("client_refused",),
    "clock": ("token_expired", "token_not_yet_valid"),
    "untrusted": (
        *("metadata_issuer", "metadata_elsewhere", "metadata_unsafe", "metadata_poor"),
        *("pkce_unsupported", "issuer_mixed_up", "token_response", "id_token_missing"),
        *("id_token_malformed", "algorithm_refused", "key_unknown", "key_unfit"),
        *("signature_wrong", "issuer_wrong", "audience_wrong", "party_wrong"),
        *("nonce_missing", "nonce_wrong", "access_token_mismatch", "claims_poor"),
        *("userinfo_other_person", "userinfo_refused", "subject_missing"),
    ),
    "no_email": ("email_missing",),
    "odd_email": ("email_not_ascii",),
    "unverified": ("email_unverified",),
    "taken": ("email_taken",),
    "inactive": ("deactivated",),
    "too_many": ("too_many",),
    "elsewhere": ("next_elsewhere",),
}
# The server's trouble or the operator's, not this person's: a later try may go well.
PASSING = frozenset(
    {
        *("unreachable", "too_slow", "too_large", "redirected", "not_json"),
        *("server_error", "client_refused", "metadata_issuer", "metadata_elsewhere"),
        *("metadata_unsafe", "metadata_poor", "pkce_unsupported"),
    }
)
_KIND = {code: kind for kind, codes in _CODES.items() for code in codes}


class SignInRefused(Exception):
    """The sign-in ends here. The code is a constant of ours, never the server's text."""

    def __init__(self, code: str, *, retry_after_seconds: int = 0) -> None:
        if code not in _KIND:
            raise LookupError(f"{code} is no outcome")
        super().__init__(code)
        self.code = code
        self.retry_after_seconds = retry_after_seconds


def title_of(code: str) -> str | Promise:
    """A line of the record as a person reads it; what an older release wrote stays a code."""
    titles: dict[str, str | Promise] = {
        SUCCESS: _("Signed in"),
        BY_PASSWORD: _("Signed in with a password"),
        PASSWORD_REFUSED: _("Wrong password"),
        LOCKED_OUT: _("Too many tries"),
        NOT_REVOKED: _("Session ended here, but not at the identity server"),
        PASSWORD_CHANGED: _("Password changed"),
        FACTOR_ADDED: _("Second factor added"),
        FACTOR_REMOVED: _("Second factor removed"),
        FACTORS_TAKEN: _("All second factors removed by the operator"),
        RECOVERY_CODES_MADE: _("Recovery codes made"),
        RECOVERY_CODES_REMOVED: _("Recovery codes removed"),
        EMAIL_ADDED: _("E-mail address added"),
        EMAIL_REMOVED: _("E-mail address removed"),
        EMAIL_CHANGED: _("E-mail address changed"),
    }
    return titles.get(code) or (_WORDS[_KIND[code]].title if code in _KIND else code)


def words_for(code: str) -> Words:
    return _WORDS[_KIND[code]]


def reasons() -> list[tuple[str, str | Promise, tuple[str, ...]]]:
    """What may have gone wrong: its name, its title, and the codes that share it."""
    alone = [(code, title_of(code), (code,)) for code in _OF_OURS]
    of_server = [(kind, _WORDS[kind].title, codes) for kind, codes in _CODES.items()]
    return [*alone, *of_server]


def known() -> frozenset[str]:
    """Every code that this release writes."""
    return codes() | SUCCESSES | set(_OF_OURS)


def codes() -> frozenset[str]:
    return frozenset(_KIND)
