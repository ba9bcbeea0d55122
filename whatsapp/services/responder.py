"""What Recado answers by itself to messages that were just stored, in their transaction.

`webhooks` hands over what came in; every answer is a promise in the outbox. Who is answered
what is decided in `whatsapp.answering`; docs/automatic-answers.md tells it to people.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import InterfaceError, InternalError, OperationalError, transaction

from accounts import bulk
from integrations import gateway
from integrations.providers.base.capabilities import Capability
from integrations.providers.base.outgoing import Text
from integrations.providers.base.types import MessageKind, Party
from whatsapp import auto_texts, stop_words
from whatsapp.answering import Facts, Rules, occasion, word
from whatsapp.auto_texts import CLOSED, STARTED, STOPPED
from whatsapp.models import OptOut, OptOutScope, OptOutSource
from whatsapp.services import opt_outs, outbox
from whatsapp.services.messages import Stored
from whatsapp.stop_words import Words

# Nothing that a person said: they opened the chat, changed their number, took a call.
_UNSAID: Final = frozenset(
    {MessageKind.SYSTEM, MessageKind.WELCOME_REQUEST, MessageKind.CALL_PERMISSION}
)

logger = logging.getLogger(__name__)


def answer(workspace_id: int, stored: Sequence[Stored], *, now: datetime) -> None:
    """Take note of who asked for silence, and promise what is answered automatically.

    Whatever goes wrong here costs an automatic answer, never the message it would answer.
    """
    newest: dict[int, Stored] = {}
    for one in stored:
        if one.conversation_id is None or not _is_said(one):
            continue
        before = newest.get(one.conversation_id)
        if before is None or before.provider_at <= one.provider_at:
            newest[one.conversation_id] = one
    if not newest:
        return
    desk = _Desk.read(workspace_id, {one.arrival.channel_id for one in newest.values()})
    said = desk.said([one for one in stored if _is_said(one)])
    if not said and not desk.rules:
        return
    try:
        with transaction.atomic():
            drafts = desk.take(said, now=now)
            quiet = {one.conversation_id for one in said.values()}
            wanted = {id_: one for id_, one in newest.items() if id_ not in quiet}
            drafts += desk.answers(wanted, batch=[one.id for one in stored], now=now)
            if drafts:
                outbox.enqueue_many(workspace_id, drafts, now=now)
    except (OperationalError, InterfaceError, InternalError):
        raise  # the database is away or too slow: the batch is done again, whole
    except Exception:
        logger.exception("no automatic answer", extra={"workspace_id": workspace_id})


def _is_said(one: Stored) -> bool:
    return one.opens_window and one.arrival.event.kind not in _UNSAID


_CONFIG = """
SELECT workspace.time_zone, workspace.language, workspace.name,
       (SELECT to_json(words) FROM whatsapp_optoutwords words
         WHERE words.workspace_id = workspace.id)::text,
       (SELECT json_agg(json_build_object('channel', channel.id, 'provider',
                   channel.provider, 'rules', to_json(responder)))
          FROM integrations_channel channel
          LEFT JOIN whatsapp_responder responder
            ON responder.workspace_id = channel.workspace_id
           AND responder.channel_id = channel.id
           AND (responder.answers_closed OR responder.greets)
         WHERE channel.workspace_id = workspace.id AND channel.id = ANY(%s)
           AND channel.is_active AND channel.integration_id IS NOT NULL)::text
  FROM accounts_workspace workspace WHERE workspace.id = %s
"""


@dataclass(frozen=True, slots=True)
class _Desk:
    """What a workspace answers, read once for a batch."""

    workspace_id: int
    language: str
    business: str
    words: Words
    rules: dict[int, Rules]  # by channel
    senders: frozenset[int]  # channels that can send at all

    @classmethod
    def read(cls, workspace_id: int, channel_ids: set[int]) -> "_Desk":
        [[zone, language, business, words, channels]] = bulk.run(
            _CONFIG, [sorted(channel_ids), workspace_id]
        )
        can_send = [
            one
            for one in _loaded(channels) or ()
            if Capability.SEND in gateway.capabilities_of(one["provider"])
        ]
        return cls(
            workspace_id,
            language,
            business,
            Words.of(_loaded(words)),
            {
                one["channel"]: Rules.of(one["rules"], zone=ZoneInfo(zone))
                for one in can_send
                if one["rules"]
            },
            frozenset(one["channel"] for one in can_send),
        )

    def said(self, stored: Sequence[Stored]) -> dict[int, Stored]:
        """Messages that are a word and nothing else, by id, in the order they came."""
        return {
            one.id: one
            for one in sorted(stored, key=lambda one: (one.provider_at, one.id))
            if self._word(one)
        }

    def _word(self, one: Stored) -> str:
        event = one.arrival.event
        return self.words.said(event.text, event.kind)

    def take(self, said: Mapping[int, Stored], *, now: datetime) -> list[outbox.Draft]:
        """Write them into the ledger; a confirmation for each that was news."""
        drafts = []
        for one in said.values():
            is_out = self._word(one) != stop_words.START
            is_all = self._word(one) == stop_words.STOP
            told = opt_outs.Said(
                peer_key=one.arrival.peer_key,
                is_out=is_out,
                scope=OptOutScope.ALL if is_all else OptOutScope.MARKETING,
                source=OptOutSource.WORD,
            )
            news = opt_outs.take(self.workspace_id, [told], now=now)
            if news and self.words.confirms:
                drafts += self._confirmation(one, news[-1], now=now)
        return drafts

    def _confirmation(
        self, one: Stored, row: OptOut, *, now: datetime
    ) -> list[outbox.Draft]:
        what = STOPPED if row.is_out else STARTED
        text, language = auto_texts.choose(
            self.words.texts.get(what, {}),
            language=self._language(one),
            otherwise=self.language,
        )
        if not text or one.arrival.channel_id not in self.senders:
            return []
        ready = auto_texts.fill(
            text,
            language=language,
            name=one.arrival.event.peer.name or "",
            business=self.business,
            now=now,
        )
        return [self._draft(one, what, f"auto:{what}:{row.pk}", ready)]

    def answers(
        self, newest: Mapping[int, Stored], *, batch: Sequence[int], now: datetime
    ) -> list[outbox.Draft]:
        wanted = {
            id_: one
            for id_, one in newest.items()
            if one.arrival.channel_id in self.rules
        }
        drafts = []
        for found in _facts(self.workspace_id, wanted, batch):
            one = wanted[found.conversation_id]
            rules = self.rules[one.arrival.channel_id]
            what = occasion(rules, found.facts, now=now)
            if not what:
                continue
            text = word(
                rules,
                what,
                language=self._language(one),
                otherwise=self.language,
                name=found.name,
                business=self.business,
                now=now,
            )
            if text:
                # The last answer of the kind names the episode: who decides at the same
                # moment sees the same one, and promises the same message.
                last = found.told_closed if what == CLOSED else found.greeted
                key = f"auto:{what}:{one.arrival.channel_id}:{found.lead_id}:{last}"
                drafts.append(self._draft(one, what, key, text))
        return drafts

    def _language(self, one: Stored) -> str:
        wa_id = one.arrival.event.peer.wa_id
        return auto_texts.language_of(wa_id, otherwise=self.language)

    def _draft(self, one: Stored, what: str, key: str, text: str) -> outbox.Draft:
        peer = one.arrival.event.peer
        return outbox.Draft(
            business_key=key,
            channel_id=one.arrival.channel_id,
            recipient=Party(wa_id=peer.wa_id, bsuid=peer.bsuid, lid=peer.lid),
            content=Text(text),
            conversation_id=one.conversation_id,
            automatic=what,
        )


# Of all conversations of the person on this number: who closed one has not begun anew.
_FACTS = """
SELECT wanted.conversation_id, own.lead_id, lead.name, told.*
  FROM unnest(%(conversation)s::bigint[]) AS wanted(conversation_id)
  JOIN whatsapp_conversation own ON own.id = wanted.conversation_id
  JOIN whatsapp_lead lead ON lead.id = own.lead_id
 CROSS JOIN LATERAL (
       SELECT max(spoke.at), max(answered.at), max(thread.attended_at), max(closed.at),
              COALESCE(max(closed.id), 0), COALESCE(max(greeted.id), 0)
         FROM whatsapp_conversation thread
         LEFT JOIN LATERAL (
              SELECT provider_at AS at FROM whatsapp_message
               WHERE conversation_id = thread.id AND origin <> 'automatic'
                 AND kind NOT IN ('reaction', 'edit', 'revoke')
                 AND id <> ALL(%(new)s::bigint[])
               ORDER BY provider_at DESC, id DESC LIMIT 1) spoke ON true
         LEFT JOIN LATERAL (
              SELECT provider_at AS at FROM whatsapp_message
               WHERE conversation_id = thread.id AND direction = 'outbound'
                 AND (origin = 'echo' OR (origin = 'live' AND author_id IS NOT NULL))
                 AND status <> 'failed'
               ORDER BY provider_at DESC, id DESC LIMIT 1) answered ON true
         LEFT JOIN LATERAL (
              SELECT id, provider_at AS at FROM whatsapp_message
               WHERE conversation_id = thread.id AND origin = 'automatic'
                 AND content ->> 'automatic' = 'closed'
               ORDER BY provider_at DESC, id DESC LIMIT 1) closed ON true
         LEFT JOIN LATERAL (
              SELECT id FROM whatsapp_message
               WHERE conversation_id = thread.id AND origin = 'automatic'
                 AND content ->> 'automatic' = 'greeting'
               ORDER BY provider_at DESC, id DESC LIMIT 1) greeted ON true
        WHERE thread.lead_id = own.lead_id AND thread.channel_id = own.channel_id
       ) AS told(spoke_at, answered_at, attended_at, closed_at, closed_id, greeted_id)
 WHERE own.workspace_id = %(workspace)s ORDER BY wanted.conversation_id
"""


@dataclass(frozen=True, slots=True)
class _Found:
    conversation_id: int
    lead_id: int
    name: str
    facts: Facts
    told_closed: int
    greeted: int


def _facts(
    workspace_id: int, wanted: Mapping[int, Stored], batch: Sequence[int]
) -> list[_Found]:
    """`batch` are the messages that just came in: what was before them counts."""
    if not wanted:
        return []
    silent = opt_outs.silent_keys(
        workspace_id,
        {(one.arrival.peer_key, one.arrival.channel_id) for one in wanted.values()},
    )
    rows = bulk.run(
        _FACTS,
        {
            "workspace": workspace_id,
            "conversation": list(wanted),
            "new": list(batch),
        },
    )
    found = []
    for id_, lead_id, name, spoke, answered, attended, told, closed, greeted in rows:
        one = wanted[id_]
        facts = Facts(
            written_at=one.provider_at,
            spoke_at=spoke,
            answered_at=answered,
            attended_at=attended,
            told_closed_at=told,
            is_silent=(one.arrival.peer_key, one.arrival.channel_id) in silent,
        )
        called = name or one.arrival.event.peer.name or ""
        found.append(_Found(id_, lead_id, called, facts, closed, greeted))
    return found


def _loaded(text: str | None) -> Any:
    return json.loads(text) if text else None
