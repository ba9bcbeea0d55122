"""What follows from how a session stands: its row, its channel, the episode of an outage.

Room 1, between health.py, which decides, and whoever brought news: the gateway (webhooks)
and the services (asking, people). The caller holds the session's row in the transaction of
its workspace. Mails about episodes are another's work (services/outage_mail.py).
"""

import logging
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from django.db import connection, transaction
from django.db.models import F

from accounts import broadcast
from accounts.broadcast import Kind
from integrations import claims, codes, health
from integrations.models import (
    Channel,
    ChannelState,
    Episode,
    EpisodeEnd,
    Problem,
    Session,
    SessionState,
)

# A reconnecting phone is unsteady for a moment: that is no outage yet.
UNSTEADY_FOR: Final = timedelta(minutes=2)
# Somebody sits in front of it: what is not finished yet needs no alert.
SETTING_UP: Final = timedelta(minutes=15)
# Trouble that is back within this goes on with the episode that had just closed by itself.
RELAPSE_WITHIN: Final = timedelta(minutes=10)

_CHANNEL_STATES: Final = {
    SessionState.CONNECTED: ChannelState.CONNECTED,
    SessionState.DEGRADED: ChannelState.DEGRADED,
    SessionState.DISCONNECTED: ChannelState.DISCONNECTED,
}

logger = logging.getLogger("integrations")


def database_now() -> datetime:
    """The one clock by which sessions are due, leased, asked about and told of."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


def hold_open(channel: Channel) -> Session | None:
    """The open session of a channel, until the transaction ends."""
    held: Session | None = (
        Session.objects.for_workspace(channel.workspace_id)
        .filter(channel=channel, ended_at=None)
        .select_for_update()
        .first()
    )
    return held


def settle(session: Session, *, before: str, now: datetime) -> None:
    """Write a session that news were taken into, and all that follows from it.

    `before` is the state that its row had. One that is connected for the first time claims
    its number, or ends because another workspace has it.
    """
    is_first = before in health.PENDING and session.connected_at is not None
    if is_first and session.is_open and not claims.take(session.channel):
        refuse_taken(session, now=now)
    health.show(session, now=now)
    session.save()
    if session.connected_at is not None and session.is_open:
        _mark_channel(session)
        _follow(session, now=now)
    if before != session.state:
        _log_change(session)


def refuse_taken(session: Session, *, now: datetime) -> None:
    """The number is live elsewhere. Whose it is stays unsaid, here and in the log."""
    session.connected_at = None
    session.state, session.state_since = SessionState.FAILED, now
    session.problem, session.reason = Problem.NUMBER_TAKEN, ""
    session.ended_at = now
    codes.forget(session)


def end(
    session: Session, *, reason: str, now: datetime, keeps_alert: bool = False
) -> None:
    """Write a session that somebody ends on purpose: no alert is left behind.

    `keeps_alert` is for one that is only ended to begin anew: the number is still down.
    """
    health.end(session, reason=reason, now=now)
    session.lease_token = session.lease_until = None
    session.save()
    Channel.objects.for_workspace(session.workspace_id).filter(
        pk=session.channel_id
    ).update(state=ChannelState.DISCONNECTED)
    if not keeps_alert:
        close_episode(
            session.workspace_id,
            session.channel_id,
            now=now,
            end=EpisodeEnd.TAKEN_OFF,
        )
    _log_change(session)


def take_off(channel: Channel) -> bool:
    """End the outage of a number that nobody connects any more; False when there is none."""
    if hold_open(channel) is not None:
        return False  # somebody began anew a moment ago
    return close_episode(
        channel.workspace_id,
        channel.pk,
        now=database_now(),
        end=EpisodeEnd.TAKEN_OFF,
    )


def close_episode(
    workspace_id: int,
    channel_id: int,
    *,
    now: datetime,
    end: EpisodeEnd = EpisodeEnd.RECOVERED,
) -> bool:
    """The outage of a number is over; False when there was none. It closes with its duration."""
    episode = (
        Episode.objects.for_workspace(workspace_id)
        .filter(channel_id=channel_id, closed_at=None)
        .select_for_update()
        .first()
    )
    if episode is None:
        return False
    episode.closed_at = max(now, episode.opened_at)
    episode.end = end
    episode.save(update_fields=["closed_at", "end"])
    seconds = int((episode.closed_at - episode.opened_at).total_seconds())
    _tell("outage over", episode, seconds=seconds)
    return True


def _mark_channel(session: Session) -> None:
    state = _CHANNEL_STATES[SessionState(session.state)]
    Channel.objects.for_workspace(session.workspace_id).filter(
        pk=session.channel_id
    ).exclude(state=state).update(state=state)


def _follow(session: Session, *, now: datetime) -> None:
    """Open, go on with or close the episode of this number."""
    if session.state == SessionState.CONNECTED:
        close_episode(session.workspace_id, session.channel_id, now=now)
        return
    episodes = Episode.objects.for_workspace(session.workspace_id).filter(
        channel_id=session.channel_id
    )
    episode = episodes.filter(closed_at=None).select_for_update().first()
    if episode is None:
        if not _is_outage(session, now=now):
            return
        episode = (
            episodes.filter(
                closed_at__gte=now - RELAPSE_WITHIN, end=EpisodeEnd.RECOVERED
            )
            .select_for_update()
            .order_by("-closed_at")
            .first()
        )
        if episode is None:
            _open(session, now=now)
            return
        episodes.filter(pk=episode.pk).update(
            closed_at=None, end="", relapses=F("relapses") + 1
        )
        _tell("outage goes on", episode)
    is_worse = session.state == SessionState.DISCONNECTED
    if episode.state != session.state and is_worse:
        episodes.filter(pk=episode.pk).update(
            state=session.state,
            signal=session.signal,
            problem=session.problem,
            reason=session.reason,
        )


def _is_outage(session: Session, *, now: datetime) -> bool:
    if session.state == SessionState.DISCONNECTED or session.silent_since is not None:
        return True
    since = session.state_since or now
    is_new = now - session.started_at < SETTING_UP
    return not is_new and now - since >= UNSTEADY_FOR


def _open(session: Session, *, now: datetime) -> None:
    episode = Episode.objects.create(
        workspace_id=session.workspace_id,
        channel_id=session.channel_id,
        state=session.state,
        signal=session.signal,
        problem=session.problem,
        reason=session.reason,
        opened_at=min(session.state_since or now, now),
    )
    _tell("outage", episode)


def _tell(event: str, episode: Episode, **facts: int) -> None:
    """To the log, and to every open page of the workspace."""
    topic = broadcast.workspace_topic(episode.workspace.key)
    broadcast.tell(topic, Kind.OUTAGE, [episode.key])
    extra = {
        "episode_id": episode.pk,
        "channel_id": episode.channel_id,
        "workspace_id": episode.workspace_id,
        "signal": episode.signal,
        "problem": episode.problem,
        **facts,
    }
    transaction.on_commit(partial(logger.warning, event, extra=extra))


def _log_change(session: Session) -> None:
    level = (
        logging.INFO
        if session.state in {*health.PENDING, "connected"}
        else logging.WARNING
    )
    words = {
        SessionState.CONNECTED: "session connected",
        SessionState.DEGRADED: "session unsteady",
        SessionState.DISCONNECTED: "session disconnected",
        SessionState.EXPIRED: "session expired",
        SessionState.FAILED: "session failed",
    }
    event = words.get(SessionState(session.state))
    if event is None:
        return
    extra = {
        "session_id": session.pk,
        "channel_id": session.channel_id,
        "workspace_id": session.workspace_id,
        "signal": session.signal,
        "problem": session.problem,
    }
    transaction.on_commit(partial(logger.log, level, event, extra=extra))
