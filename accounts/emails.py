"""E-mail addresses, where one decides who somebody is: one form, compared exactly.

The form is ASCII in lower case. Outside of ASCII several letters become the same one when
a database or Python changes their case (a dotless i, a long s, the sign of the kelvin), so
an address that only looks alike would pass for another person's.
"""

import uuid

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, validate_email
from django.utils.translation import gettext_lazy as _

MOST = 254  # characters
NOT_ASCII = _(
    "An address may hold only the letters a to z without accents, digits and signs. If its "
    "domain has others, write the form of it that begins with xn--."
)


def nobodys() -> str:
    """A new address that no mail reaches, for an account whose own went to somebody else."""
    return f"{uuid.uuid4().hex}@unproven.invalid"


def normal(email: str) -> str:
    """As addresses are kept and compared. One that is not ASCII alone is nobody's."""
    email = email.strip()
    return email.lower() if email.isascii() else email


def require_ascii(email: str) -> None:
    """Raises ValidationError with the code `not_ascii`."""
    if not email.isascii():
        raise ValidationError(NOT_ASCII, code="not_ascii")


def validate(email: str) -> None:
    """Raises ValidationError with the code `not_ascii`, `invalid` or `max_length`."""
    require_ascii(email)
    validate_email(email)
    MaxLengthValidator(MOST)(email)


def checked(email: str) -> str:
    """The normal form of what somebody typed or a server told; raises as `validate()`."""
    email = normal(email)
    validate(email)
    return email
