"""What webhooks and the rooms above tell about numbers, taken into their sessions.

Behind the gateway, which is how others come here; settling.py comes after.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Max

from accounts import bulk
from accounts.scoping import workspace_transaction
from integrations import claims, health, settling
from integrations.models import Channel, ChannelState, Session
from integrations.providers.base.types import AccountEvent

# An older message may have waited at the provider: it proves nothing about now.
SIGN_IS_FRESH = timedelta(minutes=10)
# How exactly a channel knows when it last was written to, and posted about.
STAMP_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Sign:
    """When a message that shows that a number works came in, and when it was written."""

    received_at: datetime
    written_at: datetime

    def later(self, other: "Sign | None") -> "Sign":
        """Of several messages the newest that came in and the newest that was written."""
        if other is None:
            return self
        return Sign(
            max(self.received_at, other.received_at),
            max(self.written_at, other.written_at),
        )


@dataclass(frozen=True, slots=True)
class News:
    """What a batch of webhooks tells about the numbers of one workspace.

    `words` are a channel's id, the provider's news and when it came in, in that order.
    `signs` are channels that were not known to be well and through which people write;
    `signed` says when, of those that do not write at this moment.
    `on_phone` are channels of which a phone was seen to write: their number also lives in
    the WhatsApp Business app, which not every provider says when it is asked.
    `written` and `posted` are when somebody last wrote to a channel, and when its provider
    last posted; `STAMP_EVERY` apart, since every message tells of both.
    """

    words: list[tuple[int, AccountEvent, datetime]] = field(default_factory=list)
    signs: set[int] = field(default_factory=set)
    on_phone: set[int] = field(default_factory=set)
    written: dict[int, datetime] = field(default_factory=dict)
    posted: dict[int, datetime] = field(default_factory=dict)
    signed: dict[int, Sign] = field(default_factory=dict)

    def sign_of(self, channel_id: int, *, now: datetime) -> Sign:
        return self.signed.get(channel_id) or Sign(now, now)


def note_news(news: News, *, workspace_id: int) -> None:
    """Take news into the sessions they are about; the monitor then asks those soon."""
    channel_ids = {channel_id for channel_id, _, _ in news.words} | news.signs
    with workspace_transaction(workspace_id):
        now = settling.database_now()
        channels = Channel.objects.for_workspace(workspace_id)
        # Sessions first, then channels, as everybody holds them: nobody waits in a circle.
        sessions = held(workspace_id, channel_ids)
        for channel_id, event, _ in news.words:
            if event.quality:
                channels.filter(pk=channel_id).update(quality=event.quality[:20])
        for session in sessions:
            before = session.state
            _take_news(session, news, now=now)
            session.next_check_at = min(session.next_check_at, now)
            settling.settle(session, before=before, now=now)
        # A number without a session is as well as its messages say.
        unwatched = news.signs - {session.channel_id for session in sessions}
        unwatched -= _ended_since(news, unwatched, workspace_id=workspace_id, now=now)
        channels.filter(pk__in=unwatched).update(state=ChannelState.CONNECTED)
        for channel_id in sorted(unwatched):
            settling.close_episode(workspace_id, channel_id, now=now)
        channels.filter(pk__in=news.signs, state=ChannelState.NEW).update(
            state=ChannelState.CONNECTED
        )
        for channel in (
            channels.filter(pk__in=news.on_phone)
            .select_for_update(no_key=True)
            .order_by("pk")
        ):
            channel.limits = {**channel.limits, "is_on_phone": True}
            channel.save(update_fields=["limits"])
        _stamp(workspace_id, news)


def _stamp(workspace_id: int, news: News) -> None:
    """Note the last message and the last post. Whoever writes the row now does so later."""
    channel_ids = sorted(news.written.keys() | news.posted.keys())
    if not channel_ids:
        return
    bulk.run(
        """
        WITH told AS (
            SELECT * FROM unnest(%(channel)s::bigint[], %(written)s::timestamptz[],
                                 %(posted)s::timestamptz[]) AS t (id, written, posted)
        ), free AS (
            SELECT id FROM integrations_channel
             WHERE workspace_id = %(workspace)s AND id = ANY(%(channel)s)
             ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
        )
        UPDATE integrations_channel channel
           SET last_inbound_at = GREATEST(channel.last_inbound_at, told.written),
               last_webhook_at = GREATEST(channel.last_webhook_at, told.posted)
          FROM told JOIN free ON free.id = told.id
         WHERE channel.id = told.id AND channel.workspace_id = %(workspace)s
        """,
        {
            "workspace": workspace_id,
            "channel": channel_ids,
            "written": [news.written.get(one) for one in channel_ids],
            "posted": [news.posted.get(one) for one in channel_ids],
        },
    )


def _take_news(session: Session, news: News, *, now: datetime) -> None:
    for channel_id, event, told_at in news.words:
        # What a phone does while it is being paired is asked, not believed.
        if channel_id == session.channel_id and event.state and not session.is_pending:
            health.take_word(
                session,
                event.state,
                event.detail or event.kind,
                is_ours=health.is_expected(event.phone, session.channel.phone),
                # What was posted again comes in long after what it is older than.
                at=min(event.provider_at or told_at, told_at, now),
            )
    if session.channel_id in news.signs:
        sign = news.sign_of(session.channel_id, now=now)
        if _may_be_here(session, sign):
            health.take_sign(session, at=min(sign.received_at, now), now=now)


def _may_be_here(session: Session, sign: Sign) -> bool:
    """Not by what was on its way from the session before, nor when another workspace has
    the number: then whoever asks next closes the session."""
    if not session.is_pending:
        return True
    return sign.written_at >= session.started_at and claims.take(session.channel)


def _ended_since(
    news: News, channel_ids: Collection[int], *, workspace_id: int, now: datetime
) -> set[int]:
    """Of these channels those whose session ended after what people wrote."""
    if not channel_ids:
        return set()
    ended = (
        Session.objects.for_workspace(workspace_id)
        .filter(channel_id__in=channel_ids, ended_at__isnull=False)
        .values_list("channel_id")
        .annotate(last=Max("ended_at"))
    )
    return {
        channel_id
        for channel_id, ended_at in ended
        if news.sign_of(channel_id, now=now).written_at < ended_at
    }


def note_silence(since: Mapping[int, datetime | None], *, workspace_id: int) -> None:
    """For channels by id: since when messages are missing, or None where they are not."""
    with workspace_transaction(workspace_id):
        now = settling.database_now()
        for session in held(workspace_id, since):
            told = since[session.channel_id]
            if session.connected_at is None or session.silent_since == told:
                continue
            before = session.state
            health.take_silence(session, told)
            settling.settle(session, before=before, now=now)


def held(workspace_id: int, channel_ids: Collection[int]) -> list[Session]:
    """The open sessions of these channels, until the transaction ends; in one order."""
    sessions = Session.objects.for_workspace(workspace_id)
    return list(
        sessions.filter(channel_id__in=channel_ids, ended_at=None)
        .select_related("channel")
        .select_for_update(of=("self",))
        .order_by("pk")
    )
