"""One mail for each outage, to those who can do something about it, in the workspace's language.

The monitor calls it after each run. Several outages of one workspace that begin together are
one mail. Who takes an episode on marks it first, so that two monitors never write twice.
Whoever was told of an outage is told of its end too, once it is sure to have lasted: trouble
that is back within minutes goes on with the same episode.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from accounts import bulk
from accounts.models import Membership, Role, Workspace
from accounts.scoping import workspace_transaction
from integrations import durations, settling, words
from integrations.models import Episode, EpisodeEnd
from integrations.providers import registry

MOST_TRIES: Final = 5
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

    Returns how many mails went out.
    """
    if not settings.EMAIL_HOST:
        return 0
    down = bulk.run("SELECT * FROM integrations_workspaces_to_mail(%s)", [MOST_TRIES])
    over = bulk.run(
        "SELECT * FROM integrations_workspaces_to_tell_end(%s, %s)",
        [settling.RELAPSE_WITHIN, STALE],
    )
    return sum(
        _write_to(workspace, kind)
        for kind, rows in ((_DOWN, down), (_OVER, over))
        for workspace in Workspace.objects.filter(pk__in=[one for (one,) in rows])
    )


def _write_to(workspace: Workspace, kind: _Kind) -> int:
    with workspace_transaction(workspace.pk):
        people = _recipients(workspace)
        episodes = _take(workspace, kind)
    if not episodes or not people:
        return 0
    mail = _mail(workspace, kind, episodes, people)
    try:
        is_sent = mail.send() == 1
    except OSError:  # smtplib's errors are, and so is a server that does not answer
        is_sent = False
    ids = {
        "workspace_id": workspace.pk,
        "episode_ids": [episode.pk for episode in episodes],
    }
    if is_sent:
        logger.info(kind.sent, extra=ids)
        return 1
    logger.warning(kind.failed, extra=ids)
    if kind is _DOWN:  # an end is worth one try: the pages show it anyway
        with workspace_transaction(workspace.pk):
            Episode.objects.for_workspace(workspace).filter(
                pk__in=[episode.pk for episode in episodes]
            ).update(mailed_at=None)
    return 0


def _take(workspace: Workspace, kind: _Kind) -> list[Episode]:
    """The outages that are ours to tell: nobody else gets them any more."""
    now = settling.database_now()
    episodes = Episode.objects.for_workspace(workspace)
    waiting = episodes.filter(channel__is_active=True)
    if kind is _DOWN:
        waiting = waiting.filter(
            closed_at=None,
            mailed_at=None,
            mail_tries__lt=MOST_TRIES,
            opened_at__lte=now - PATIENCE,
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
    marks: dict[str, Any] = {kind.mark: now}
    if kind is _DOWN:
        marks["mail_tries"] = F("mail_tries") + 1
    episodes.filter(pk__in=[episode.pk for episode in taken]).update(**marks)
    return taken


def _recipients(workspace: Workspace) -> list[str]:
    members = Membership.objects.for_workspace(workspace).filter(
        role__in=[Role.OWNER, Role.ADMIN], user__is_active=True
    )
    return list(members.order_by("pk").values_list("user__email", flat=True))


def _mail(
    workspace: Workspace,
    kind: _Kind,
    episodes: Sequence[Episode],
    people: list[str],
) -> EmailMessage:
    with translation.override(workspace.language):
        context = {
            "workspace": workspace,
            "rows": [_row(workspace, episode) for episode in episodes],
            "first": episodes[0],
        }
        subject, body = (
            render_to_string(f"integrations/email/{kind.template}_{part}.txt", context)
            for part in ("subject", "body")
        )
    return EmailMessage(" ".join(subject.split()), body, to=people)


def _row(workspace: Workspace, episode: Episode) -> dict[str, object]:
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
        ),
        "lasted": durations.full(
            (episode.closed_at or episode.opened_at) - episode.opened_at
        ),
        "link": f"{settings.PUBLIC_URL}{path}",
    }
