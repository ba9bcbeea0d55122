"""By which number many people can be reached, and what stands against it: in sets.

For rooms above that write to people unasked. Eight statements whatever the number of
people; the checks themselves are those of the composer and the claim (`outbox_checks`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from accounts import bulk
from accounts.scoping import inside
from integrations import explanations, gateway, sendable
from integrations.models import Channel
from integrations.providers.base.capabilities import Capability
from integrations.providers.base.catalogue import NextAction
from integrations.providers.base.errors import ContentRefused, Unsupported
from integrations.providers.base.outgoing import Content, Template
from integrations.providers.base.types import Party
from whatsapp import phones
from whatsapp.models import Identity, OptOutScope
from whatsapp.models import Template as TemplateRow
from whatsapp.selectors import recipients
from whatsapp.services import opt_outs, replies
from whatsapp.services.numbers import Numbers
from whatsapp.services.outbox_checks import Facts, Refusal, TemplateFacts, refusal_of
from whatsapp.services.people import peer_key
from whatsapp.windows import window_of

# Beside those of replies and outbox_checks.
NO_PHONE: Final = "no_phone"
NOT_A_NUMBER: Final = "not_a_phone_number"
NO_CHANNEL: Final = "no_channel"
# A number without WhatsApp may have one tomorrow.
_UNREACHABLE_FOR: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to be reached: `id` is the caller's name for them. `phone` is E.164, or what
    somebody took for it; `thread_id` the conversation that the matter began in."""

    id: int
    lead_id: int | None
    phone: str
    match_key: str = ""
    thread_id: int | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """How one person is reached best: by this number, in this conversation if there is one.

    `problem` is what stands against it whatever is sent: of the number, or of the person.
    `unreachable` is the provider's code when a message of the last day did not reach them.
    """

    channel: Channel | None
    thread_id: int | None = None
    party: Party | None = None
    last_inbound_at: datetime | None = None
    opt_outs: frozenset[str] = frozenset()
    problem: str = ""
    unreachable: str = ""


@dataclass(slots=True)
class _Talk:
    """The newest conversation of a person with one number, the open one first."""

    channel_id: int
    lead_id: int
    thread_id: int
    last_inbound_at: datetime | None
    last_message_at: datetime
    wrote_as: str | None
    threads: frozenset[int]


def ways(
    workspace_id: int,
    people: Sequence[Person],
    *,
    now: datetime,
    channel_id: int | None = None,
    default_channel_id: int | None = None,
) -> dict[int, Way]:
    """The best way to each person, by their id.

    `channel_id` allows no other number. Where a number can send comes before one that
    cannot, an open window before a closed one, the conversation of the matter before others.
    """
    with inside(workspace_id):
        numbers = Numbers.read(workspace_id)
        talks = _talks(workspace_id, people, channel_id=channel_id)
        identities = _identities(
            workspace_id, {one.lead_id for found in talks.values() for one in found}
        )
        found = {
            person.id: _way(
                person,
                talks.get(person.id, ()),
                numbers,
                identities,
                wanted=channel_id,
                default=default_channel_id,
                now=now,
            )
            for person in people
        }
        return _with_what_they_said(workspace_id, found, now=now)


def refusal(
    way: Way,
    content: Content,
    *,
    templates: Mapping[tuple[int | None, str, str], TemplateRow],
    now: datetime,
) -> str:
    """The first reason against sending this that way, unasked; empty where there is none."""
    if way.problem:
        return way.problem
    if way.channel is None or way.party is None:
        return NO_CHANNEL
    # What nobody asked for is held back inside the window too.
    if OptOutScope.ALL in way.opt_outs:
        return Refusal.OPTED_OUT
    template = None
    if isinstance(content, Template):
        row = templates.get(
            (way.channel.integration_id, content.name, content.language)
        )
        template = (
            TemplateFacts(row.status, row.category, row.parameters) if row else None
        )
    facts = Facts(
        content=content,
        is_bulk=False,
        channel_state=way.channel.state,
        is_connected=True,
        capabilities=gateway.capabilities_of(way.channel.provider),
        last_inbound_at=way.last_inbound_at,
        template=template,
        opt_outs=way.opt_outs,
    )
    reason = refusal_of(facts, now=now)
    if reason is not None:
        return reason
    try:
        sendable.check(way.channel.provider, content)
    except (ContentRefused, Unsupported) as error:
        return error.code
    return replies.OUT_OF_REACH if way.unreachable else ""


def is_free(way: Way, *, now: datetime) -> bool:
    """Whether a text may be written that nobody has approved."""
    if way.channel is None:
        return False
    capabilities = gateway.capabilities_of(way.channel.provider)
    is_open = window_of(way.last_inbound_at, now=now).state != "closed"
    return Capability.SERVICE_WINDOW not in capabilities or is_open


def templates_by_name(
    workspace_id: int, names: Sequence[str]
) -> dict[tuple[int | None, str, str], TemplateRow]:
    """As the providers have them now, by account, name and language."""
    rows = TemplateRow.objects.for_workspace(workspace_id).filter(
        name__in=names, gone_at=None
    )
    return {(row.integration_id, row.name, row.language): row for row in rows}


# Whoever writes from the person's phone is the person, whatever lead was told: news for one
# must never go to another. Where nobody writes from it, the lead was named by hand. `told` is
# all that a person and a number have between them: a closed conversation keeps the window open.
_TALKS: Final = """
WITH named AS (
    SELECT asked.id, asked.match_key, COALESCE(lead.merged_into_id, lead.id) AS lead_id
      FROM unnest(%(ids)s::bigint[], %(leads)s::bigint[], %(keys)s::text[])
           AS asked(id, lead_id, match_key)
      LEFT JOIN whatsapp_lead lead ON lead.workspace_id = %(workspace)s
                                  AND lead.id = asked.lead_id
), wanted AS (
    SELECT named.id, COALESCE(known.lead_id, named.lead_id) AS lead_id
      FROM named
      LEFT JOIN LATERAL (
           SELECT name.lead_id FROM whatsapp_identity name
            WHERE named.match_key <> ''
              AND name.workspace_id = %(workspace)s AND name.match_key = named.match_key
            ORDER BY name.lead_id IS DISTINCT FROM named.lead_id, name.id LIMIT 1)
           known ON true
), talk AS (
    SELECT DISTINCT ON (wanted.id, thread.channel_id) wanted.id AS person_id,
           thread.channel_id, thread.lead_id, thread.id, thread.last_message_at,
           max(thread.last_inbound_at) OVER told AS last_inbound_at,
           array_agg(thread.id) OVER told AS threads
      FROM wanted
      JOIN whatsapp_conversation thread ON thread.workspace_id = %(workspace)s
                                       AND thread.lead_id = wanted.lead_id
     WHERE %(channel)s::bigint IS NULL OR thread.channel_id = %(channel)s::bigint
    WINDOW told AS (PARTITION BY wanted.id, thread.channel_id)
     ORDER BY wanted.id, thread.channel_id, thread.state = 'closed',
              thread.last_message_at DESC, thread.id DESC
)
SELECT talk.person_id, talk.channel_id, talk.lead_id, talk.id, talk.last_inbound_at,
       talk.last_message_at, wrote.peer_key, talk.threads
  FROM talk
  LEFT JOIN LATERAL (
       SELECT message.peer_key FROM whatsapp_message message
        WHERE message.conversation_id = talk.id AND message.direction = 'inbound'
          AND message.peer_key <> ''
        ORDER BY message.provider_at DESC, message.id DESC LIMIT 1) wrote ON true
"""


def _talks(
    workspace_id: int, people: Sequence[Person], *, channel_id: int | None
) -> dict[int, list[_Talk]]:
    rows = bulk.run(
        _TALKS,
        {
            "workspace": workspace_id,
            "ids": [one.id for one in people],
            "leads": [one.lead_id for one in people],
            "keys": [one.match_key for one in people],
            "channel": channel_id,
        },
    )
    found: dict[int, list[_Talk]] = {}
    for person_id, channel, lead, thread, heard, moved, wrote_as, threads in rows:
        talk = _Talk(channel, lead, thread, heard, moved, wrote_as, frozenset(threads))
        found.setdefault(person_id, []).append(talk)
    return found


def _identities(workspace_id: int, leads: set[int]) -> dict[int, list[Identity]]:
    rows = (
        Identity.objects.for_workspace(workspace_id)
        .filter(lead__in=leads)
        .only("lead_id", "kind", "value", "match_key")
        .order_by("-last_seen_at", "-pk")
    )
    found: dict[int, list[Identity]] = {}
    for one in rows:
        found.setdefault(one.lead_id, []).append(one)
    return found


def _way(
    person: Person,
    talks: Sequence[_Talk],
    numbers: Numbers,
    identities: Mapping[int, list[Identity]],
    *,
    wanted: int | None,
    default: int | None,
    now: datetime,
) -> Way:
    open_talks = [one for one in talks if one.channel_id in numbers.channels]
    if open_talks:
        best = max(open_talks, key=lambda one: _rank(one, person, numbers, now=now))
        channel = numbers.channels[best.channel_id]
        party = recipients.party_from(identities.get(best.lead_id, []), best.wrote_as)
        return Way(
            channel,
            best.thread_id,
            party,
            best.last_inbound_at,
            problem=numbers.problems.get(channel.pk, "")
            or ("" if party else replies.NOBODY_THERE),
        )
    channel_ = numbers.choose(wanted if wanted is not None else default)
    if not person.phone:
        return Way(channel_, problem=NO_PHONE)
    number = phones.to_e164(person.phone)
    if number is None:
        return Way(channel_, problem=NOT_A_NUMBER)
    if channel_ is None:
        return Way(None, problem=NO_CHANNEL)
    return Way(
        channel_,
        party=Party(wa_id=phones.wa_id(number, written=person.phone)),
        problem=numbers.problems.get(channel_.pk, ""),
    )


def _rank(
    talk: _Talk, person: Person, numbers: Numbers, *, now: datetime
) -> tuple[bool, bool, bool, datetime]:
    way = Way(numbers.channels[talk.channel_id], last_inbound_at=talk.last_inbound_at)
    return (
        talk.channel_id not in numbers.problems,
        is_free(way, now=now),
        person.thread_id in talk.threads,
        talk.last_message_at,
    )


def _with_what_they_said(
    workspace_id: int, found: Mapping[int, Way], *, now: datetime
) -> dict[int, Way]:
    """Add who wants no messages, and whom the last one did not reach."""
    places = {
        id_: (peer_key(way.party), way.channel.pk)
        for id_, way in found.items()
        if way.party is not None and way.channel is not None
    }
    asked = set(places.values())
    said = opt_outs.standing(workspace_id, asked)
    failed = _failed(workspace_id, asked, now=now)
    told: dict[int, Way] = {}
    for id_, way in found.items():
        place = places.get(id_)
        if place is None or way.channel is None:
            told[id_] = way
            continue
        code = failed.get(place, "")
        # Whoever wrote since can be reached.
        entry = explanations.find_entry(way.channel.provider, code) if code else None
        is_out = entry is not None and entry.action is NextAction.CHECK_NUMBER
        told[id_] = Way(
            way.channel,
            way.thread_id,
            way.party,
            way.last_inbound_at,
            said.get(place, frozenset()),
            way.problem,
            code if is_out else "",
        )
    return told


def _failed(
    workspace_id: int, asked: set[tuple[str, int]], *, now: datetime
) -> dict[tuple[str, int], str]:
    """The code of the newest send of the last day to each, where that failed and they have
    not written since.

    When they wrote is looked up for each failure, not joined: for a table that was empty
    when it was last counted, a join would read every message for every person.
    """
    if not asked:
        return {}
    rows = bulk.run(
        """
        SELECT wanted.peer_key, wanted.channel_id, newest.reason
          FROM unnest(%(keys)s::text[], %(channels)s::bigint[])
               AS wanted(peer_key, channel_id)
         CROSS JOIN LATERAL (
               SELECT entry.shown, entry.reason, entry.created_at, entry.message_id
                 FROM whatsapp_outboxentry entry
                WHERE entry.workspace_id = %(workspace)s
                  AND entry.peer_key = wanted.peer_key
                  AND entry.channel_id = wanted.channel_id
                  AND entry.created_at >= %(since)s
                ORDER BY entry.created_at DESC, entry.id DESC LIMIT 1) newest
         WHERE newest.shown = 'failed'
           AND newest.created_at > COALESCE(
               (SELECT thread.last_inbound_at
                  FROM whatsapp_message message
                  JOIN whatsapp_conversation thread ON thread.id = message.conversation_id
                 WHERE message.id = newest.message_id), '-infinity')
        """,
        {
            "workspace": workspace_id,
            "keys": [peer for peer, _ in asked],
            "channels": [channel for _, channel in asked],
            "since": now - _UNREACHABLE_FOR,
        },
    )
    return {(peer, channel): reason for peer, channel, reason in rows}
