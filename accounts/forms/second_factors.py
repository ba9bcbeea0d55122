"""allauth's forms for second factors, with tries counted by us instead of in the cache.

Named by MFA_FORMS, and loaded where `allauth.mfa` is installed.
"""

from typing import Any

from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as codes
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as keys

from accounts import guesses


class _Counted:
    """Mixed into a form that knows its `user` and looks at what it is shown in one method."""

    user: Any

    def _counted(self, look: Any) -> Any:
        guesses.count_factor(context.request, self.user)
        try:
            shown = look()
        except (KeyError, TypeError, ValueError):  # what no browser sends as a key
            raise get_adapter().validation_error("incorrect_code") from None
        guesses.was_right_factor(context.request, self.user)
        return shown


class AuthenticateForm(_Counted, codes.AuthenticateForm):  # type: ignore[misc]  # allauth ships no types
    def clean_code(self) -> Any:
        return self._counted(super().clean_code)


class ReauthenticateForm(_Counted, codes.ReauthenticateForm):  # type: ignore[misc]  # as above
    def clean_code(self) -> Any:
        return self._counted(super().clean_code)


class ActivateTOTPForm(_Counted, totp.ActivateTOTPForm):  # type: ignore[misc]  # as above
    def clean_code(self) -> Any:
        return self._counted(super().clean_code)


class AuthenticateKeyForm(_Counted, keys.AuthenticateWebAuthnForm):  # type: ignore[misc]  # as above
    def clean_credential(self) -> Any:
        return self._counted(super().clean_credential)


class ReauthenticateKeyForm(_Counted, keys.ReauthenticateWebAuthnForm):  # type: ignore[misc]  # as above
    def clean_credential(self) -> Any:
        return self._counted(super().clean_credential)
