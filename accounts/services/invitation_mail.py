"""The invitation as a mail, in the workspace's language; or the link, to be copied once."""

import logging

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from accounts.models import MailState
from accounts.services import invitations
from accounts.services.invitations import Issued

logger = logging.getLogger(__name__)


def has_mail_server() -> bool:
    return bool(settings.EMAIL_HOST)


def state_for(*, as_link: bool) -> MailState:
    """How an invitation begins its way: by mail where there is a server, else by hand."""
    return MailState.NONE if as_link or not has_mail_server() else MailState.WAITING


def link(issued: Issued) -> str:
    path = reverse("accounts:invitation", kwargs={"token": issued.token})
    return f"{settings.PUBLIC_URL}{path}"


def send_on_commit(issued: Issued) -> None:
    """No mail leaves before the row is there for good, nor holds a lock while it leaves."""
    transaction.on_commit(lambda: _send(issued))


def _send(issued: Issued) -> None:
    invitation = issued.invitation
    with translation.override(invitation.workspace.language):
        context = {
            "invitation": invitation,
            "workspace": invitation.workspace,
            "inviter": invitation.invited_by,
            "link": link(issued),
            "days": invitations.LASTS.days,
        }
        subject = render_to_string("accounts/email/invitation_subject.txt", context)
        body = render_to_string("accounts/email/invitation_body.txt", context)
    mail = EmailMessage(" ".join(subject.split()), body, to=[invitation.email])
    try:
        is_sent = mail.send() == 1
    except OSError:  # smtplib's errors are, and so is a server that does not answer
        is_sent = False
    if not is_sent:
        logger.warning(
            "invitation mail failed",
            extra={
                "workspace_id": invitation.workspace_id,
                "invitation_id": invitation.pk,
            },
        )
    invitations.mark_mailed(invitation, is_sent=is_sent)
