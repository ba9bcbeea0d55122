"""The record of every attempt to sign in, and of changes to how somebody does: a row, and a
line in the log. Ids only."""

import hashlib
import logging
import secrets
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from accounts.audit import storable_address
from accounts.http import client_ip
from accounts.models import SignInEvent, User, Workspace
from accounts.sso import outcomes

logger = logging.getLogger("accounts.signin")

KEPT = timedelta(days=90)
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_DROPPED_AT_ONCE = 100


def record(
    request: HttpRequest | None,
    outcome: str,
    *,
    now: datetime,
    issuer: str = "",
    subject: str = "",
    user: User | None = None,
) -> SignInEvent:
    """Without a request: what the installation or its operator did by itself."""
    event = SignInEvent.objects.create(
        reference="".join(secrets.choice(_ALPHABET) for _ in range(10)),
        at=now,
        outcome=outcome,
        issuer=issuer,
        subject_hash=hash_of(issuer, subject) if subject else "",
        user=user,
        ip=storable_address(client_ip(request)) if request else None,
    )
    level = logging.INFO if outcome in outcomes.DONE else logging.WARNING
    logger.log(
        level,
        "sign-in",
        extra={
            "outcome": outcome,
            "reference": event.reference,
            "user_id": user.pk if user else None,
        },
    )
    _drop_old(now)
    return event


def hash_of(issuer: str, subject: str) -> str:
    """Tells two people apart in the record, and says of neither who it is."""
    return hashlib.sha256(f"{issuer}\0{subject}".encode()).hexdigest()


def list_of_person(user: User) -> QuerySet[SignInEvent]:
    return SignInEvent.objects.filter(user=user).order_by("-at")


def list_for_workspace(workspace: Workspace) -> QuerySet[SignInEvent]:
    """Those of its members, and refusals before anybody was known, which concern everyone."""
    members = workspace.memberships.values("user")
    nobody = Q(user=None, subject_hash="", outcome__in=outcomes.codes())
    return (
        SignInEvent.objects.select_related("user")
        .filter(Q(user__in=members) | nobody)
        .order_by("-at")
    )


def _drop_old(now: datetime) -> None:
    """A few at each record: no beat is needed, and no burst is paid for by one person."""
    old = SignInEvent.objects.filter(at__lt=now - KEPT).order_by("at")
    SignInEvent.objects.filter(
        pk__in=list(old.values_list("pk", flat=True)[:_DROPPED_AT_ONCE])
    ).delete()
