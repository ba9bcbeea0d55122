"""What the server says of a person, read once, so that nothing below handles raw claims."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError

from accounts import emails
from accounts.sso.outcomes import SignInRefused
from accounts.sso.server import ALWAYS, Server

MOST_NAME = 150
# Before it nobody proved an address: databases write such moments for "never".
_FIRST_PROOF = datetime(1990, 1, 1, tzinfo=UTC)
_CLOCK_SKEW = timedelta(seconds=30)
_EASTERNMOST = timedelta(hours=14)  # of what the clocks of the earth show, ahead of UTC


@dataclass(frozen=True, slots=True)
class Identity:
    issuer: str
    subject: str
    name: str
    email: str  # "" where none was told
    is_email_verified: bool
    claims: dict[str, Any]


def read(claims: dict[str, Any], server: Server, *, now: datetime) -> Identity:
    email = _email(find(claims, server.email_claim))
    return Identity(
        issuer=server.issuer,
        subject=subject(claims, server),
        name=_name(find(claims, server.name_claim)),
        email=email,
        is_email_verified=bool(email) and _is_verified(claims, server, now),
        claims=claims,
    )


def subject(claims: dict[str, Any], server: Server) -> str:
    value = find(claims, server.uid_field)
    if (
        isinstance(value, int)
        and not isinstance(value, bool)
        and not server.is_discovered
    ):
        value = str(value)  # Laravel counts its people
    if (
        not isinstance(value, str)
        or not 0 < len(value) <= 255
        or not value.isprintable()
    ):
        raise SignInRefused("subject_missing")
    return value


def find(claims: dict[str, Any], name: str) -> Any:
    """A claim by its name, which may itself hold dots, else by its path."""
    if name in claims:
        return claims[name]
    value: Any = claims
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def merged(
    token: dict[str, Any], told: dict[str, Any], server: Server
) -> dict[str, Any]:
    """Both answers as one; what one says of its e-mail says nothing of the other's."""
    here, there = find(token, server.email_claim), find(told, server.email_claim)
    if there is not None and there != here:
        token = {k: v for k, v in token.items() if k != server.email_verified_claim}
    return {**token, **told}


def _is_verified(claims: dict[str, Any], server: Server, now: datetime) -> bool:
    """True itself, not a text that reads so; or a moment, where the claim is one (`…_at`)."""
    if server.email_verified_claim == ALWAYS:
        return True
    told = find(claims, server.email_verified_claim)
    if server.email_verified_claim.endswith("_at"):
        return _is_past(told, now)
    return told is True


def _is_past(told: object, now: datetime) -> bool:
    """A moment that was: ISO 8601 with `T` or a space, a date, or whole Unix seconds."""
    try:
        if isinstance(told, int) and not isinstance(told, bool):
            moment = datetime.fromtimestamp(told, UTC)
        elif isinstance(told, str):
            moment = datetime.fromisoformat(told.strip())
        else:
            return False
    except (ValueError, OverflowError, OSError):
        return False
    ahead = _CLOCK_SKEW
    if moment.tzinfo is None:  # by a clock of its own, wherever that hangs
        moment, ahead = moment.replace(tzinfo=UTC), _EASTERNMOST
    return _FIRST_PROOF <= moment <= now + ahead


def _email(value: object) -> str:
    if not isinstance(value, str):
        return ""
    try:
        return emails.checked(value)
    except ValidationError as error:
        if error.code == "not_ascii":
            raise SignInRefused("email_not_ascii") from None
        return ""


def _name(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return " ".join("".join(c if c.isprintable() else " " for c in value).split())[
        :MOST_NAME
    ]
