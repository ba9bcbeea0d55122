"""One mail for each outage, to those who can do something about it, in the workspace's language.

The beat asks for it each minute, the command after its run. Several outages of one workspace
that begin together are one mail. Who takes an episode on holds it for a while, so that two
never write at once; it counts as told when the mail went out, and until then it is tried
again. A mail that left right before its worker died is sent twice: better than not at all.
Whoever was told of an outage is told of its end too, once it is sure to have lasted: trouble
that is back within minutes goes on with the same episode.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import validate_email
from django.db import DatabaseError
from django.db.models import F, Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from accounts import bulk
from accounts.models import Membership, Role, Workspace
from accounts.scoping import workspace_transaction
from integrations import durations, settling, words
from integrations.models import Episode, EpisodeEnd, Session
from integrations.providers import registry
from integrations.selectors import number

BUDGET: Final = 60.0  # seconds in which mails are begun
# Whoever holds a mail for longer has died: the task's time is less than half of it.
LEASE: Final = timedelta(minutes=5)
# A mail that failed is tried after a minute, two, four … and then each hour.
FIRST_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(hours=1)
# What is well again within a minute needs no mail: its alert was on the pages.
PATIENCE: Final = timedelta(seconds=30)
# An end that nobody could be told of for a day is no news any more.
STALE: Final = timedelta(days=1)

logger = logging.getLogger("integrations")


@dataclass(frozen=True, slots=True)
class _Kind:
    """One of the two mails: how it is called, and which mark of an episode it leaves."""

    template: str
    mark: str
    sent: str
    failed: str


_DOWN: Final = _Kind("outage", "mailed_at", "outage mail sent", "outage mail failed")
_OVER: Final = _Kind(
    "outage_over", "end_mailed_at", "outage end mail sent", "outage end mail failed"
)


def send_due() -> int:
    """Write to every workspace with an outage, or an end of one, that nobody was told of.

    Returns how many mails went out. What is not begun in time is due in the next run.
    """
    if not settings.EMAIL_HOST:
        return 0
    until = time.monotonic() + BUDGET
    down = bulk.run("SELECT * FROM integrations_workspaces_to_mail()")
    over = bulk.run(
        "SELECT * FROM integrations_workspaces_to_tell_end(%s, %s)",
        [settling.RELAPSE_WITHIN, STALE],
    )
    sent = 0
    for kind, rows in ((_DOWN, down), (_OVER, over)):
        found = Workspace.objects.filter(pk__in=[one for (one,) in rows])
        for workspace in found.order_by("pk"):
            if time.monotonic() < until:
                sent += _write_to(workspace, kind)
    return sent


def _write_to(workspace: Workspace, kind: _Kind) -> int:
    """One mail at most. What goes wrong here keeps no other workspace from its own."""
    episodes: list[Episode] = []
    try:
        with workspace_transaction(workspace.pk):
            episodes = _take(workspace, kind)
            people = _recipients(workspace) if episodes else []
            sessions = number.latest_sessions(workspace) if episodes else {}
        if not episodes:
            return 0
        _mail(workspace, kind, episodes, people, sessions).send()
        with workspace_transaction(workspace.pk):
            _mark_told(episodes, kind)
    except Exception as error:  # noqa: BLE001  # the next workspace has its own
        # Without the traceback: what smtplib says holds addresses.
        ids = _ids(workspace, episodes) | {"error": type(error).__name__}
        is_expected = isinstance(
            error, (OSError, NobodyToTell)
        )  # smtplib's are OSError
        level = logging.WARNING if is_expected else logging.ERROR
        logger.log(level, kind.failed, extra=ids)
        _put_off(workspace, episodes)
        return 0
    logger.info(kind.sent, extra=_ids(workspace, episodes))
    return 1


class NobodyToTell(Exception):
    """The workspace has no owner or admin with an address that mail can go to."""


def _ids(workspace: Workspace, episodes: Sequence[Episode]) -> dict[str, Any]:
    pks = [episode.pk for episode in episodes]
    return {"workspace_id": workspace.pk, "episode_ids": pks}


def _take(workspace: Workspace, kind: _Kind) -> list[Episode]:
    """The outages that are ours to tell: nobody else gets them while we are at it."""
    now = settling.database_now()
    episodes = Episode.objects.for_workspace(workspace)
    waiting = episodes.filter(
        Q(mail_next_at=None) | Q(mail_next_at__lte=now), channel__is_active=True
    )
    if kind is _DOWN:
        waiting = waiting.filter(
            closed_at=None, mailed_at=None, opened_at__lte=now - PATIENCE
        )
    else:
        waiting = waiting.filter(
            end=EpisodeEnd.RECOVERED,
            mailed_at__isnull=False,
            end_mailed_at=None,
            closed_at__lte=now - settling.RELAPSE_WITHIN,
            closed_at__gt=now - STALE,
        )
    taken = list(
        waiting.select_related("channel")
        .select_for_update(of=("self",), skip_locked=True)
        .order_by("opened_at", "pk")
    )
    episodes.filter(pk__in=[episode.pk for episode in taken]).update(
        mail_next_at=now + LEASE, mail_tries=F("mail_tries") + 1
    )
    return taken


def _mark_told(episodes: Sequence[Episode], kind: _Kind) -> None:
    """They are of one workspace, in whose transaction the caller is."""
    marks: dict[str, datetime] = {kind.mark: settling.database_now()}
    Episode.objects.for_workspace(episodes[0].workspace_id).filter(
        pk__in=[episode.pk for episode in episodes]
    ).update(mail_next_at=None, mail_tries=0, **marks)


def _put_off(workspace: Workspace, episodes: Sequence[Episode]) -> None:
    """The next try, later each time. Where not even this can be written, the lease ends."""
    if not episodes:
        return
    tries = min(episode.mail_tries for episode in episodes)  # before this one
    pause = min(FIRST_PAUSE * 2 ** min(tries, 10), LONGEST_PAUSE)
    try:
        with workspace_transaction(workspace.pk):
            Episode.objects.for_workspace(workspace).filter(
                pk__in=[episode.pk for episode in episodes]
            ).update(mail_next_at=settling.database_now() + pause)
    except DatabaseError:
        logger.warning("outage mail not put off", extra=_ids(workspace, episodes))


def _recipients(workspace: Workspace) -> list[str]:
    """Owners and admins, or NobodyToTell. A malformed address would keep it from all."""
    members = Membership.objects.for_workspace(workspace).filter(
        role__in=[Role.OWNER, Role.ADMIN], user__is_active=True
    )
    found = []
    for pk, email in members.order_by("pk").values_list("pk", "user__email"):
        try:
            validate_email(email)
        except ValidationError:
            ids = {"workspace_id": workspace.pk, "membership_id": pk}
            logger.warning("outage mail address malformed", extra=ids)
        else:
            found.append(email)
    if not found:
        raise NobodyToTell
    return found


def _mail(
    workspace: Workspace,
    kind: _Kind,
    episodes: Sequence[Episode],
    people: list[str],
    sessions: Mapping[int, Session],
) -> EmailMessage:
    with translation.override(workspace.language):
        context = {
            "workspace": workspace,
            "rows": [
                _row(workspace, episode, sessions.get(episode.channel_id))
                for episode in episodes
            ],
            "first": episodes[0],
        }
        subject, body = (
            render_to_string(f"integrations/email/{kind.template}_{part}.txt", context)
            for part in ("subject", "body")
        )
    return EmailMessage(" ".join(subject.split()), body, to=people)


def _row(
    workspace: Workspace, episode: Episode, session: Session | None
) -> dict[str, object]:
    path = reverse(
        "integrations:channel-detail",
        kwargs={"workspace_slug": workspace.slug, "key": episode.channel.key},
    )
    return {
        "episode": episode,
        "advice": words.advice(
            episode.problem,
            episode.state,
            provider=registry.label_of(episode.channel.provider),
            may_enter=registry.may_enter(
                episode.channel.provider, session.kind if session else ""
            ),
        ),
        "lasted": durations.full(
            (episode.closed_at or episode.opened_at) - episode.opened_at
        ),
        "link": f"{settings.PUBLIC_URL}{path}",
    }
