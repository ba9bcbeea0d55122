"""Whether a number really hears somebody, and if not, which link of the chain is missing.

Everything is read from rows: the session, the requests that came in or were refused, what
they led to, the message. `views/proof.py` comes after.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from integrations.models import Channel, ChannelLog, Session, SessionState
from integrations.services.webhook_urls import Subscription
from webhooks.models import RawState, RawWebhook
from webhooks.refusals import OPERATION
from whatsapp.models import Message

WAITS: Final = timedelta(minutes=3)
# A worker takes a request within seconds; what lies longer waits for one.
_WORK_TAKES: Final = timedelta(seconds=20)
_MOST_ROWS: Final = 200
_MESSAGES: Final = ("messages", "duplicates")


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the chain: `state` is done, waiting or broken; `why` says what is wrong."""

    name: str
    state: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rows of a number say since the connection began."""

    session: Session | None
    states: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    refused: str = ""  # the word of a refusal that is newer than every request
    last_state: str = ""  # what became of the newest request that was worked on
    oldest_waiting_at: datetime | None = None
    message: Message | None = None


def read(channel: Channel, *, since: datetime) -> Facts:
    """The workspace's transaction is open."""
    session = (
        Session.objects.for_workspace(channel.workspace_id)
        .filter(channel=channel)
        .order_by("-pk")
        .first()
    )
    rows = _requests(channel, since=since)
    open_states = {RawState.RECEIVED, RawState.LEASED}
    last = max(
        (row for row in rows if row.state not in open_states),
        key=lambda row: (row.received_at, row.pk),
        default=None,
    )
    outcomes: Counter[str] = Counter()
    for row in rows:
        told = row.outcome if isinstance(row.outcome, dict) else {}
        outcomes.update({name: n for name, n in told.items() if isinstance(n, int)})
    return Facts(
        session=session,
        states=Counter(row.state for row in rows),
        outcomes=outcomes,
        # A request that was taken since then says that the secret is right again.
        refused=_refusal(
            channel, since=max((row.received_at for row in rows), default=since)
        ),
        last_state=last.state if last else "",
        oldest_waiting_at=min(
            (row.received_at for row in rows if row.state in open_states), default=None
        ),
        message=_message(channel, since=since),
    )


def chain(
    facts: Facts,
    *,
    subscription: Subscription | None,
    is_over: bool,
    now: datetime,
) -> list[Link]:
    """The links in their order. Behind the first broken one the others wait.

    `subscription` is what the provider itself says of its webhook, where it was asked.
    While the time runs only what cannot come right by itself is called broken.
    """
    if facts.message is not None:
        return [Link(name, "done") for name in NAMES]
    found = [
        _session_link(facts),
        _webhook_link(facts, subscription),
        _request_link(facts, is_over=is_over),
        _work_link(facts, now=now),
        _message_link(facts, is_over=is_over),
    ]
    broken = next((at for at, one in enumerate(found) if one.state == "broken"), None)
    if broken is None:
        return found
    return [
        one if at <= broken or one.state == "done" else Link(one.name, "waiting")
        for at, one in enumerate(found)
    ]


NAMES: Final = ("session", "webhook", "request", "work", "message")


def _session_link(facts: Facts) -> Link:
    session = facts.session
    if session is None or not session.is_open:
        return Link("session", "broken", "session_ended")
    if session.state in {SessionState.CONNECTED, SessionState.DEGRADED}:
        return Link("session", "done")
    if session.is_pending:
        return Link("session", "broken", "session_pending")
    return Link("session", "broken", "session_lost")


def _webhook_link(facts: Facts, subscription: Subscription | None) -> Link:
    if subscription is not None:
        if subscription.is_elsewhere:
            return Link("webhook", "broken", "webhook_elsewhere")
        if not subscription.is_ours:
            return Link("webhook", "broken", "webhook_unset")
        if subscription.missing:
            return Link("webhook", "broken", "webhook_incomplete")
        return Link("webhook", "done")
    return Link("webhook", "done" if facts.states or facts.refused else "waiting")


def _request_link(facts: Facts, *, is_over: bool) -> Link:
    if facts.refused:
        return Link("request", "broken", facts.refused)
    if facts.states:
        return Link("request", "done")
    if is_over:
        return Link("request", "broken", "nothing_arrived")
    return Link("request", "waiting")


def _work_link(facts: Facts, *, now: datetime) -> Link:
    states = facts.states
    if facts.last_state == RawState.PARKED:
        return Link("work", "broken", "parked")
    if facts.last_state == RawState.UNROUTED:
        return Link("work", "broken", "unrouted")
    waiting = facts.oldest_waiting_at
    if waiting is not None and now - waiting > _WORK_TAKES:
        return Link("work", "broken", "not_worked")
    is_done = states[RawState.DONE] or states[RawState.IGNORED]
    return Link("work", "done" if is_done else "waiting")


def _message_link(facts: Facts, *, is_over: bool) -> Link:
    is_worked = facts.states[RawState.DONE] or facts.states[RawState.IGNORED]
    if not is_over or not is_worked:
        return Link("message", "waiting")
    told = facts.outcomes
    if any(told[name] for name in _MESSAGES):
        return Link("message", "broken", "only_echoes")
    if told["statuses"]:
        return Link("message", "broken", "only_statuses")
    return Link("message", "broken", "only_news")


def _requests(channel: Channel, *, since: datetime) -> Sequence[RawWebhook]:
    """The newest requests of the number's integration. Some lie in work, some are done:
    each kind has its own index, so that neither question reads the other's rows."""
    found: list[RawWebhook] = []
    in_work = [RawState.RECEIVED, RawState.LEASED]
    done = [RawState.DONE, RawState.PARKED, RawState.IGNORED, RawState.UNROUTED]
    for states in (in_work, done):
        rows = (
            RawWebhook.objects.filter(
                workspace_id=channel.workspace_id,
                integration=channel.integration,
                received_at__gte=since,
                state__in=states,
            )
            .only("state", "outcome", "received_at")
            .order_by("-pk")[:_MOST_ROWS]
        )
        found.extend(rows)
    return found


def _refusal(channel: Channel, *, since: datetime) -> str:
    refused = (
        ChannelLog.objects.for_workspace(channel.workspace_id)
        .filter(
            integration=channel.integration,
            operation=OPERATION,
            created_at__gte=since,
        )
        .order_by("-pk")
        .first()
    )
    return refused.error if refused is not None else ""


def _message(channel: Channel, *, since: datetime) -> Message | None:
    """The first message that somebody wrote since, live."""
    found: Message | None = (
        Message.objects.for_workspace(channel.workspace_id)
        .filter(
            channel=channel,
            direction="inbound",
            origin="live",
            conversation__isnull=False,
            stored_at__gte=since,
        )
        .select_related("conversation__lead")
        .order_by("pk")
        .first()
    )
    return found
