"""Sending what was promised by e-mail: claimed, submitted, and what came of it written down.

As the outbox does it: `submitting` is committed before anything leaves, a definite no is
tried again or fails with its reason, and of what nobody knows the end nothing is sent again.
"""

import logging
import random
import smtplib
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection
from django.utils import timezone

from accounts import bulk
from accounts.scoping import workspace_transaction
from tickets.models import EmailState, NotificationEmail

LEASE_SECONDS: Final = 120
_BATCH: Final = 20
MOST_ATTEMPTS: Final = 8
_FIRST_WAIT: Final = 30.0  # seconds, doubled with each attempt
_LONGEST_WAIT: Final = 3600.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Result:
    """What is known of one attempt. `reason` is a word of ours, `detail` the server's."""

    state: EmailState  # sent, failed, uncertain; due is to be tried again
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Claimed:
    id: int
    workspace_id: int
    token: uuid.UUID


def drain(*, budget_seconds: float) -> int:
    """Send what is due until nothing is or the time is over; how many were tried."""
    ends_at = time.monotonic() + budget_seconds
    tried = 0
    while time.monotonic() < ends_at:
        claimed = _claim()
        if not claimed:
            break
        tried += _send_all(claimed, ends_at=ends_at)
    return tried


def has_due() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tickets_email_has_due()")
        return bool(cursor.fetchone()[0])


def _claim() -> list[_Claimed]:
    token = uuid.uuid4()
    rows = bulk.run(
        "SELECT email_id, email_workspace_id"
        " FROM tickets_email_claim(%s::integer, %s::uuid, %s::integer)",
        [_BATCH, token, LEASE_SECONDS],
    )
    return [_Claimed(id_, workspace_id, token) for id_, workspace_id in rows]


def _send_all(claimed: Sequence[_Claimed], *, ends_at: float) -> int:
    """Over one connection to the mail server, which is opened once and closed at the end.

    What time is over for is due again at once.
    """
    backend = get_connection()
    problem = _open(backend)
    tried = 0
    try:
        for place, one in enumerate(claimed):
            if time.monotonic() >= ends_at:
                _give_back(claimed[place:])
                break
            mail = _begin(one)
            if mail is None:  # somebody else has it by now
                continue
            result = problem or _submit(backend, mail)
            if result.state == EmailState.UNCERTAIN:  # the line is broken
                _close(backend)
                problem = _open(backend)
            _record(one, mail, result, now=timezone.now())
            tried += 1
    finally:
        _close(backend)
    return tried


def _give_back(claimed: Sequence[_Claimed]) -> None:
    for one in claimed:
        with workspace_transaction(one.workspace_id):
            NotificationEmail.objects.for_workspace(one.workspace_id).filter(
                pk=one.id, lease_token=one.token, state=EmailState.CLAIMED
            ).update(state=EmailState.DUE, lease_token=None, next_at=timezone.now())


def _begin(one: _Claimed) -> NotificationEmail | None:
    """Committed before anything leaves: whoever dies now leaves it unconfirmed."""
    with workspace_transaction(one.workspace_id):
        rows = NotificationEmail.objects.for_workspace(one.workspace_id)
        mail: NotificationEmail | None = (
            rows.select_for_update()
            .filter(pk=one.id, lease_token=one.token, state=EmailState.CLAIMED)
            .first()
        )
        if mail is None:
            return None
        mail.state = EmailState.SUBMITTING
        mail.attempts += 1
        mail.next_at = timezone.now() + timedelta(seconds=LEASE_SECONDS)
        mail.save(update_fields=["state", "attempts", "next_at"])
    return mail


def _open(backend: BaseEmailBackend) -> Result | None:
    """None when the server listens; nothing has left the machine otherwise."""
    try:
        backend.open()
    except smtplib.SMTPAuthenticationError as error:
        return _retry("mail_server_sign_in", error)
    except OSError as error:  # smtplib's errors are, and so is a server that is away
        return _retry("mail_server_away", error)
    return None


def _close(backend: BaseEmailBackend) -> None:
    try:
        backend.close()
    except OSError as error:
        logger.info("mail connection lost", extra={"error": type(error).__name__})


def _submit(backend: BaseEmailBackend, mail: NotificationEmail) -> Result:
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    message = EmailMessage(
        mail.subject,
        mail.body,
        to=[mail.to_address],
        # The same for every attempt: a mailbox shows what came twice as one.
        headers={
            "Message-ID": f"<{mail.key}@{host}>",
            "Auto-Submitted": "auto-generated",
        },
        connection=backend,
    )
    try:
        sent = message.send()
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()), (550, b""))
        return _refused("address_refused", code, said)
    except (
        smtplib.SMTPSenderRefused,
        smtplib.SMTPDataError,
        smtplib.SMTPHeloError,
    ) as error:
        return _refused("mail_refused", error.smtp_code, error.smtp_error)
    except OSError as error:
        # The server may have taken it before the line broke.
        return Result(EmailState.UNCERTAIN, "mail_unanswered", _said(error))
    except ValueError as error:  # an address or a subject that is none
        return Result(EmailState.FAILED, "mail_impossible", _said(error))
    if not sent:
        return Result(EmailState.FAILED, "mail_not_sent")
    return Result(EmailState.SENT)


def _refused(reason: str, code: int, said: bytes | str) -> Result:
    """A definite no; 4xx is one for now."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    state = EmailState.DUE if 400 <= code < 500 else EmailState.FAILED
    return Result(state, reason, f"{code} {text}"[:300])


def _retry(reason: str, error: Exception) -> Result:
    return Result(EmailState.DUE, reason, _said(error))


def _said(error: Exception) -> str:
    return f"{type(error).__name__}"[:300]


def _record(
    one: _Claimed, mail: NotificationEmail, result: Result, *, now: datetime
) -> None:
    """A yes counts even when the lease has ended meanwhile."""
    state = result.state
    if state == EmailState.DUE and mail.attempts >= MOST_ATTEMPTS:
        state = EmailState.FAILED
    with workspace_transaction(one.workspace_id):
        rows = NotificationEmail.objects.for_workspace(one.workspace_id).filter(
            pk=mail.pk
        )
        if state == EmailState.SENT:
            mine = rows.filter(state__in=(EmailState.SUBMITTING, EmailState.UNCERTAIN))
        else:
            mine = rows.filter(lease_token=one.token, state=EmailState.SUBMITTING)
        mine.update(
            state=state,
            reason=result.reason,
            detail=result.detail,
            lease_token=None,
            next_at=now + _wait(mail.attempts),
            settled_at=None if state == EmailState.DUE else now,
        )
    if state in (EmailState.FAILED, EmailState.UNCERTAIN):
        logger.warning(
            "notification mail not sent",
            extra={
                "workspace_id": one.workspace_id,
                "notification_email_id": mail.pk,
                "reason": result.reason,
            },
        )


def _wait(attempts: int) -> timedelta:
    seconds = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** (attempts - 1))
    return timedelta(seconds=seconds * random.uniform(0.8, 1.2))  # noqa: S311  # jitter
