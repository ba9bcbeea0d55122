"""One number as its page shows it: how it stands, who says so, and what to do."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext_lazy as _

from accounts import paging
from accounts.models import Workspace
from accounts.paging import Page
from integrations import health, words
from integrations.models import (
    Channel,
    ChannelLog,
    ChannelState,
    Episode,
    Problem,
    Session,
    SessionKind,
    SessionState,
    Signal,
)
from integrations.providers import registry
from integrations.words import Advice, Text

EPISODES: Final = 10
EXCHANGES: Final = 20
NEWEST_EXCHANGES: Final = 5
OFF: Final = "off"

# The look of a state: level and icon; the word always stands beside.
_LOOKS: Final = {
    "new": ("quiet", "clock"),
    "created": ("info", "clock"),
    "awaiting_user": ("info", "clock"),
    "verifying": ("info", "clock"),
    "connected": ("good", "check"),
    "degraded": ("warning", "alert"),
    "disconnected": ("bad", "cross"),
    "expired": ("bad", "cross"),
    "failed": ("bad", "cross"),
    OFF: ("quiet", "none"),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """What is shown of a number: a word with its look, since when, why, and what to do."""

    state: str
    word: Text
    since: datetime | None = None
    signal: str = ""
    problem: str = ""
    reason: str = ""
    checked_at: datetime | None = None
    provider: str = ""  # its slug
    kind: str = ""  # of its session

    @property
    def level(self) -> str:
        return _LOOKS.get(self.state, _LOOKS["new"])[0]

    @property
    def icon(self) -> str:
        return _LOOKS.get(self.state, _LOOKS["new"])[1]

    @property
    def is_bad(self) -> bool:
        return self.level in {"warning", "bad"}

    @property
    def is_unfinished(self) -> bool:
        """It was begun and never connected: somebody has to go on."""
        return self.state in {"created", "awaiting_user", "verifying"}

    @property
    def advice(self) -> Advice | None:
        if self.state == OFF:
            return None
        return words.advice(
            self.problem,
            self.state,
            provider=registry.label_of(self.provider),
            may_enter=registry.may_enter(self.provider, self.kind),
        )

    @property
    def said(self) -> str:
        """The provider's own words, where it has some."""
        return words.reason(self.reason) if self.problem else ""

    @property
    def problem_word(self) -> Text:
        return Problem(self.problem).label if self.problem in Problem.values else ""

    @property
    def signal_word(self) -> Text:
        return Signal(self.signal).label if self.signal in Signal.values else ""


@dataclass(frozen=True, slots=True)
class Reading:
    """One of the three signals: what it says, since when, and when it last said anything.

    `is_shown` marks the one that the shown state comes from; one that does not count is
    outdated by what came after it.
    """

    signal: Signal
    state: str = ""
    since: datetime | None = None
    at: datetime | None = None
    problem: str = ""
    reason: str = ""
    misses: int = 0
    counts: bool = True
    is_shown: bool = False

    @property
    def standing(self) -> Standing | None:
        if not self.state:
            return None
        word = SessionState(self.state).label
        return Standing(self.state, word, self.since, "", self.problem, self.reason)


def find(workspace: Workspace, key: uuid.UUID) -> Channel | None:
    """A number of this workspace, with its integration; the workspace is at hand on it."""
    channel: Channel | None = (
        Channel.objects.for_workspace(workspace)
        .select_related("integration")
        .filter(key=key)
        .first()
    )
    if channel is not None:
        channel.workspace = workspace
    return channel


def latest_sessions(workspace: Workspace) -> dict[int, Session]:
    """The open session of each number, else its last one, by the number's id."""
    sessions = Session.objects.for_workspace(workspace)
    newest = sessions.order_by("channel_id", "-pk").distinct("channel_id")
    return {session.channel_id: session for session in newest}


def standing(channel: Channel, session: Session | None) -> Standing:
    """How a number stands, for a list and for the head of its page."""
    if not channel.is_active:
        return Standing(OFF, _("Switched off"))
    if session is None:
        return Standing(channel.state, ChannelState(channel.state).label)
    word: Text = SessionState(session.state).label
    if session.state == SessionState.CONNECTED and channel.state == ChannelState.NEW:
        word = ChannelState.NEW.label
    return Standing(
        session.state,
        word,
        since=session.state_since or session.started_at,
        signal=session.signal,
        problem=session.problem,
        reason=session.reason,
        checked_at=session.answered_at,
        provider=channel.provider,
        kind=session.kind,
    )


def readings(session: Session, *, now: datetime) -> list[Reading]:
    """The three signals behind the shown state, the provider's word first."""
    counted = {one.signal: one for one in health.signals(session, now=now)}
    is_live = session.connected_at is not None and session.is_open
    shown = session.signal if is_live else ""
    probe = counted[Signal.PROBE]
    return [
        Reading(
            Signal.PROVIDER,
            state=session.told_state,
            since=session.told_at,
            at=session.told_at,
            reason=session.told_reason,
            counts=Signal.PROVIDER in counted,
            is_shown=shown == Signal.PROVIDER,
        ),
        Reading(
            Signal.PROBE,
            state=probe.state if session.connected_at else "",
            since=probe.since,
            at=session.answered_at,
            problem=session.probe_problem if session.failures else probe.problem,
            reason=session.probe_reason,
            misses=session.failures,
            is_shown=shown == Signal.PROBE,
        ),
        Reading(
            Signal.SILENCE,
            state=SessionState.DEGRADED if session.silent_since else "",
            since=session.silent_since,
            problem=Problem.SILENT if session.silent_since else "",
            is_shown=shown == Signal.SILENCE,
        ),
    ]


def kind_word(session: Session) -> Text:
    return (
        SessionKind(session.kind).label
        if session.kind in SessionKind.values
        else session.kind
    )


def list_episodes(channel: Channel, *, before: str = "") -> Page[Episode]:
    """Every outage of a number, the newest first."""
    rows = Episode.objects.for_workspace(channel.workspace_id).filter(channel=channel)
    position = paging.read(before)
    if position is not None and position.key is not None:
        rows = rows.filter(opened_at__lte=position.at).exclude(
            opened_at=position.at, key__gte=position.key
        )
    found = list(rows.order_by("-opened_at", "-key")[: EPISODES + 1])
    shown = found[:EPISODES]
    is_more = len(found) > EPISODES
    return Page(
        tuple(shown),
        paging.write(shown[-1].opened_at, shown[-1].key) if is_more else None,
    )


def find_episode(workspace: Workspace, key: uuid.UUID) -> Episode | None:
    episode: Episode | None = (
        Episode.objects.for_workspace(workspace)
        .select_related("channel")
        .filter(key=key)
        .first()
    )
    return episode


def list_exchanges(
    channel: Channel, *, before: str = "", size: int = EXCHANGES
) -> Page[ChannelLog]:
    """What was said to the provider about a number, the newest first, redacted as stored."""
    rows = ChannelLog.objects.for_workspace(channel.workspace_id).filter(
        channel=channel
    )
    position = paging.read(before)
    if position is not None:
        rows = rows.filter(created_at__lte=position.at).exclude(
            created_at=position.at, pk__gte=position.rank
        )
    found = list(rows.order_by("-created_at", "-pk")[: size + 1])
    shown = found[:size]
    is_more = len(found) > size
    return Page(
        tuple(shown),
        paging.write(shown[-1].created_at, shown[-1].pk) if is_more else None,
    )
