"""What follows a change to the second factor of a password."""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.signals import (
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
)
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.models import User
from accounts.receivers import record_change
from accounts.sso import outcomes


@receiver(
    [authenticator_added, authenticator_reset],
    dispatch_uid="accounts.record_factor_added",
)
def record_factor_added(
    request: HttpRequest, user: User, authenticator: Authenticator, **_: Any
) -> None:
    is_codes = authenticator.type == Authenticator.Type.RECOVERY_CODES
    code = outcomes.RECOVERY_CODES_MADE if is_codes else outcomes.FACTOR_ADDED
    record_change(request, user, code)


@receiver(authenticator_removed, dispatch_uid="accounts.record_factor_removed")
def record_factor_removed(
    request: HttpRequest, user: User, authenticator: Authenticator, **_: Any
) -> None:
    is_codes = authenticator.type == Authenticator.Type.RECOVERY_CODES
    code = outcomes.RECOVERY_CODES_REMOVED if is_codes else outcomes.FACTOR_REMOVED
    record_change(request, user, code)
