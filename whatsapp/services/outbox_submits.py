"""The last moment before a message leaves: is it still right to send it, and note that it goes.

One transaction for the claimed messages of one workspace. What may not be sent any more is
`failed` with a reason; the rest is `submitting`, committed before any socket opens.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.conf import settings

from accounts import bulk
from accounts.scoping import workspace_transaction
from integrations import gateway
from integrations.models import Channel, IntegrationStatus
from integrations.providers.base.outgoing import Content, OutgoingMessage
from integrations.providers.base.outgoing_json import load_message
from whatsapp.services import announcing, outbox
from whatsapp.services.outbox_checks import Facts, TemplateFacts, refusal_of
from whatsapp.services.outbox_claims import Claimed

BROKEN: Final = "broken"  # its row cannot be read as a message


@dataclass(frozen=True, slots=True)
class Submitted:
    """A message on its way out; the row says so already."""

    claimed: Claimed
    message: OutgoingMessage
    storage_key: str = ""  # of its file, where we hold it


@dataclass(slots=True)
class Submission:
    going: list[Submitted] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    channels: dict[int, Channel] = field(default_factory=dict)


_TAKE = """
SELECT entry.id, entry.channel_id, entry.is_bulk, entry.payload::text,
       channel.state AS channel_state, channel.is_active, integration.status,
       (SELECT max(thread.last_inbound_at) FROM whatsapp_conversation own
          JOIN whatsapp_conversation thread
            ON thread.lead_id = own.lead_id AND thread.channel_id = own.channel_id
         WHERE own.id = message.conversation_id) AS last_inbound_at,
       (SELECT jsonb_build_object('status', CASE WHEN template.gone_at IS NULL
                                                 THEN template.status ELSE 'deleted' END,
                                  'category', template.category,
                                  'parameters', template.parameters)::text
          FROM whatsapp_template template
         WHERE message.kind = 'template'
           AND template.workspace_id = entry.workspace_id
           AND template.integration_id = channel.integration_id
           AND template.name = entry.payload #>> '{content,name}'
           AND template.language = entry.payload #>> '{content,language}') AS template,
       ARRAY(SELECT said.scope FROM (
               SELECT DISTINCT ON (told.scope) told.scope, told.is_out
                 FROM whatsapp_optout told
                WHERE told.workspace_id = entry.workspace_id
                  AND told.peer_key = ANY (ARRAY(
                        SELECT entry.peer_key UNION ALL
                        SELECT name.match_key FROM whatsapp_conversation own
                          JOIN whatsapp_identity name ON name.lead_id = own.lead_id
                         WHERE own.id = message.conversation_id))
                  AND (told.channel_id IS NULL OR told.channel_id = entry.channel_id)
                ORDER BY told.scope, told.id DESC) said
              WHERE said.is_out)::text[] AS opt_outs,
       (SELECT media.storage_key FROM whatsapp_mediaasset media
         WHERE media.message_id = message.id ORDER BY media.id LIMIT 1) AS storage_key
  FROM whatsapp_outboxentry entry
  JOIN unnest(%(id)s::bigint[], %(token)s::uuid[]) AS held(id, token)
    ON held.id = entry.id AND held.token = entry.lease_token
  JOIN whatsapp_message message ON message.id = entry.message_id
  JOIN integrations_channel channel ON channel.id = entry.channel_id
  LEFT JOIN integrations_integration integration ON integration.id = channel.integration_id
 WHERE entry.state = 'claimed'
 ORDER BY entry.id FOR NO KEY UPDATE OF entry
"""


@dataclass(frozen=True, slots=True)
class _Row:
    """What is known of one claimed message at this moment."""

    id: int
    channel_id: int
    is_bulk: bool
    payload: str
    channel_state: str
    is_active: bool
    integration_status: str | None
    last_inbound_at: datetime | None
    template: str | None
    opt_outs: list[str]
    storage_key: str | None


def submit(
    workspace_id: int,
    claimed: Sequence[Claimed],
    *,
    now: datetime,
    known: Mapping[int, Channel] | None = None,
) -> Submission:
    """Decide about claimed messages and commit that those that may go are going.

    `known` are numbers the caller has read already: they are not read again.
    """
    by_id = {one.id: one for one in claimed}
    done = Submission(channels=dict(known or {}))
    with workspace_transaction(workspace_id):
        found = bulk.run(
            _TAKE,
            {"id": list(by_id), "token": [one.lease_token for one in claimed]},
        )
        rows = [_Row(*columns) for columns in found]
        unread = {row.channel_id for row in rows} - done.channels.keys()
        if unread:
            done.channels |= _channels(workspace_id, unread)
        refused: dict[int, str] = {}
        held: list[int] = []
        for row in rows:
            # Somebody paused the account: its messages wait, until the window closes.
            if row.integration_status == IntegrationStatus.PAUSED:
                held.append(row.id)
                continue
            try:
                message = load_message(json.loads(row.payload))
                provider = done.channels[row.channel_id].provider
                reason = refusal_of(_facts(row, message.content, provider), now=now)
            except (TypeError, ValueError):
                refused[row.id] = BROKEN
                continue
            if reason is not None:
                refused[row.id] = reason
            else:
                going = Submitted(by_id[row.id], message, row.storage_key or "")
                done.going.append(going)
        _refuse(refused)
        _hold(held)
        _note_going([one.claimed.id for one in done.going])
    done.refused.update(refused.values())
    return done


def _channels(workspace_id: int, ids: set[int]) -> dict[int, Channel]:
    channels = list(
        Channel.objects.for_workspace(workspace_id)
        .filter(pk__in=ids)
        .select_related("integration")
        .order_by("pk")
    )
    outbox.refresh_paces(workspace_id, channels)
    return {channel.pk: channel for channel in channels}


def _facts(row: _Row, content: Content, provider: str) -> Facts:
    template = json.loads(row.template) if row.template is not None else None
    return Facts(
        content=content,
        is_bulk=row.is_bulk,
        channel_state=row.channel_state,
        is_connected=row.is_active and row.integration_status is not None,
        capabilities=gateway.capabilities_of(provider),
        last_inbound_at=row.last_inbound_at,
        template=TemplateFacts(**template) if template else None,
        opt_outs=frozenset(row.opt_outs),
    )


def _refuse(reasons: Mapping[int, str]) -> None:
    if not reasons:
        return
    bulk.run(
        """
        WITH refused AS (
            UPDATE whatsapp_outboxentry entry
               SET state = 'failed', reason = new.reason, lease_token = NULL,
                   settled_at = statement_timestamp()
              FROM unnest(%s::bigint[], %s::text[]) AS new(id, reason)
             WHERE entry.id = new.id
            RETURNING entry.message_id, entry.reason
        )
        UPDATE whatsapp_message message
           SET status = 'failed', error_code = left(refused.reason, 40),
               status_at = statement_timestamp()
          FROM refused WHERE message.id = refused.message_id
        """,
        [list(reasons), [str(reason) for reason in reasons.values()]],
    )
    announcing.sends(list(reasons))


def _hold(ids: Sequence[int]) -> None:
    if ids:
        bulk.run(
            """
            UPDATE whatsapp_outboxentry
               SET state = 'due', lease_token = NULL, reason = 'paused',
                   next_at = statement_timestamp() + interval '30 seconds'
             WHERE id = ANY(%s)
            """,
            [list(ids)],
        )


def _note_going(ids: Sequence[int]) -> None:
    if not ids:
        return
    bulk.run(
        """
        WITH going AS (
            UPDATE whatsapp_outboxentry
               SET state = 'submitting', attempts = attempts + 1, reason = '', detail = '',
                   submitted_at = statement_timestamp(),
                   next_at = statement_timestamp() + make_interval(secs => %s::integer)
             WHERE id = ANY(%s)
            RETURNING message_id
        )
        UPDATE whatsapp_message message SET status = 'sending', error_code = ''
          FROM going WHERE message.id = going.message_id AND message.status = 'queued'
        """,
        [settings.OUTBOX_LEASE_SECONDS, list(ids)],
    )
