"""What came of sends: classified, and written down in sets.

A definite yes is accepted, a definite no is due again or failed, and whatever else happened
leaves the message unconfirmed: it is never sent again by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from django.db import IntegrityError

from accounts import bulk
from accounts.scoping import workspace_transaction
from integrations.gateway import CredentialsUnreadable
from integrations.providers.base.errors import (
    CredentialsRefused,
    NumberUnknown,
    ProviderError,
    Refused,
    Throttled,
    Unavailable,
    Unreachable,
    Unsupported,
)
from integrations.providers.base.outgoing import SendResult
from whatsapp.services import announcing, statuses
from whatsapp.services.messages import LONGEST_ID
from whatsapp.services.outbox_files import StorageAway

MOST_ATTEMPTS: Final = 8
GAVE_UP: Final = "gave_up"
BACKOFF_SECONDS = (2.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0)
MOST_RETRY_AFTER: Final = 3600.0


class Ending(StrEnum):
    ACCEPTED = "accepted"
    RETRY = "retry"
    FAILED = "failed"
    UNCERTAIN = "uncertain"


class Health(StrEnum):
    """What an ending says about the provider account itself."""

    WELL = "well"
    ILL = "ill"
    NO_KEY = "no_key"
    UNTOLD = "untold"


@dataclass(frozen=True, slots=True)
class Outcome:
    ending: Ending
    health: Health = Health.UNTOLD
    code: str = ""
    detail: str = ""
    retry_after: float | None = None
    result: SendResult | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt that is over. `lease_token` proves whose it was."""

    entry_id: int
    lease_token: Any
    outcome: Outcome


def outcome_of(
    answer: SendResult | BaseException, *, is_idempotent: bool = False
) -> Outcome:
    """The table. `is_idempotent`: the provider makes one message of the same token."""
    if isinstance(answer, SendResult):
        if not answer.external_id:
            return Outcome(Ending.UNCERTAIN, code="no_id")
        return Outcome(Ending.ACCEPTED, Health.WELL, result=answer)
    if isinstance(answer, CredentialsUnreadable):
        return Outcome(Ending.RETRY, Health.ILL, "credentials_unreadable")
    if not isinstance(answer, ProviderError):
        # A fault of ours, after which nobody knows how far the request had come.
        return Outcome(Ending.UNCERTAIN, code="fault", detail=type(answer).__name__)
    code, detail = answer.code[:200], answer.detail[:300]
    if isinstance(answer, Throttled):
        return Outcome(Ending.RETRY, Health.WELL, code, detail, answer.retry_after)
    if isinstance(answer, StorageAway):
        return Outcome(Ending.RETRY, Health.UNTOLD, code, detail)
    if isinstance(answer, Unreachable | Unavailable):
        return Outcome(Ending.RETRY, Health.ILL, code, detail)
    if isinstance(answer, CredentialsRefused):
        return Outcome(Ending.FAILED, Health.NO_KEY, code, detail)
    if isinstance(answer, NumberUnknown | Refused | Unsupported):
        return Outcome(Ending.FAILED, Health.WELL, code, detail)
    if is_idempotent:
        return Outcome(Ending.RETRY, Health.UNTOLD, code, detail)
    return Outcome(Ending.UNCERTAIN, Health.UNTOLD, code, detail)


def record(workspace_id: int, attempts: Sequence[Attempt]) -> None:
    """Write down attempts of one workspace; those that are not ours any more change nothing.

    Only a yes still counts once the lease is over, or once a person has decided otherwise.
    """
    try:
        with workspace_transaction(workspace_id):
            _record(workspace_id, attempts)
    except IntegrityError:
        # The echo of one of them was stored in this very moment: now it is seen.
        with workspace_transaction(workspace_id):
            _record(workspace_id, attempts)


def _record(workspace_id: int, attempts: Sequence[Attempt]) -> None:
    by_ending: dict[Ending, list[Attempt]] = {}
    for attempt in attempts:
        by_ending.setdefault(attempt.outcome.ending, []).append(attempt)
    _hold([attempt.entry_id for attempt in attempts])
    _accept(workspace_id, by_ending.get(Ending.ACCEPTED, []))
    _try_again(by_ending.get(Ending.RETRY, []))
    _settle("failed", "failed", by_ending.get(Ending.FAILED, []))
    _settle("uncertain", "unconfirmed", by_ending.get(Ending.UNCERTAIN, []))
    announcing.sends([attempt.entry_id for attempt in attempts])


def _hold(entry_ids: Sequence[int]) -> None:
    """In one order, so that those who settle the same rows queue up."""
    bulk.run(
        """
        SELECT id FROM whatsapp_outboxentry WHERE id = ANY(%s)
         ORDER BY id FOR NO KEY UPDATE
        """,
        [list(entry_ids)],
    )


def _columns(attempts: Sequence[Attempt]) -> dict[str, list[Any]]:
    return {
        "id": [one.entry_id for one in attempts],
        "token": [one.lease_token for one in attempts],
        "code": [one.outcome.code for one in attempts],
        "detail": [one.outcome.detail for one in attempts],
    }


def _accept(workspace_id: int, attempts: Sequence[Attempt]) -> None:
    if not attempts:
        return
    results = [one.outcome.result for one in attempts if one.outcome.result]
    parameters = {
        **_columns(attempts),
        "external": [result.external_id[:LONGEST_ID] for result in results],
        "second": [(result.second_id or "")[:LONGEST_ID] or None for result in results],
        "status": [result.status.value for result in results],
    }
    rows = bulk.run(
        """
        WITH new AS (
            SELECT * FROM unnest(%(id)s::bigint[], %(token)s::uuid[], %(external)s::text[],
                                 %(second)s::text[], %(status)s::text[])
              AS t(id, token, external_id, second_id, status)
        )
        UPDATE whatsapp_outboxentry entry
           SET state = 'accepted', reason = '', detail = '',
               delivery = CASE WHEN entry.delivery = '' THEN new.status
                               ELSE entry.delivery END,
               resolution = CASE WHEN entry.state IN ('uncertain', 'dropped')
                                 THEN 'late_answer' ELSE entry.resolution END,
               settled_at = COALESCE(entry.settled_at, statement_timestamp())
          FROM new
         WHERE entry.id = new.id AND entry.lease_token = new.token
           AND entry.state IN ('submitting', 'uncertain', 'dropped', 'accepted')
        RETURNING entry.message_id, entry.channel_id, new.external_id, new.second_id,
               new.status,
               EXISTS (SELECT FROM whatsapp_message echo
                        WHERE echo.workspace_id = entry.workspace_id
                          AND echo.channel_id = entry.channel_id
                          AND echo.external_id = new.external_id
                          AND echo.id <> entry.message_id),
               EXISTS (SELECT FROM whatsapp_waitingstatus waiting
                        WHERE waiting.channel_id = entry.channel_id
                          AND (waiting.external_id IN (new.external_id, new.second_id)
                               OR waiting.second_id IN (new.external_id, new.second_id)
                               OR waiting.callback_token = entry.callback_token))
        """,
        parameters,
    )
    if rows:
        _name(workspace_id, [_Taken(*row) for row in rows])


@dataclass(frozen=True, slots=True)
class _Taken:
    """A message that the provider has, and what we have of it besides."""

    message_id: int
    channel_id: int
    external_id: str
    second_id: str | None
    status: str
    has_echo: bool
    has_news: bool


def _name(workspace_id: int, taken: Sequence[_Taken]) -> None:
    """Give messages the provider's ids, and what was told under these meanwhile."""
    parameters = {
        "workspace": workspace_id,
        "message": [one.message_id for one in taken],
        "channel": [one.channel_id for one in taken],
        "external": [one.external_id for one in taken],
        "second": [one.second_id for one in taken],
        "status": [one.status for one in taken],
    }
    if any(one.has_echo for one in taken):
        _absorb_echoes(parameters)
    rows = bulk.run(
        """
        WITH named AS (
            UPDATE whatsapp_message message
               SET external_id = new.external_id,
                   second_id = COALESCE(new.second_id, message.second_id), error_code = '',
                   status_at = statement_timestamp(),
                   -- Where nothing else was told this is what `statuses.refresh` would say.
                   status = CASE WHEN message.status IN ('sending', 'unconfirmed')
                                 THEN new.status ELSE message.status END
              FROM unnest(%(message)s::bigint[], %(external)s::text[], %(second)s::text[],
                          %(status)s::text[]) AS new(id, external_id, second_id, status)
             WHERE message.id = new.id
            RETURNING message.id, message.status, new.status AS told
        ), kept AS (
            INSERT INTO whatsapp_statusevent (workspace_id, message_id, status, provider_at,
                   received_at, error_code, error_text)
            SELECT %(workspace)s, id, told, statement_timestamp(), statement_timestamp(),
                   '', ''
              FROM named
            ON CONFLICT DO NOTHING
        )
        SELECT id FROM named WHERE status <> told
        """,
        parameters,
    )
    have_news = [one.message_id for one in taken if one.has_news or one.has_echo]
    statuses.join_waiting(have_news)
    statuses.refresh([*have_news, *(id_ for (id_,) in rows)])


def _absorb_echoes(parameters: dict[str, Any]) -> None:
    """A provider may echo a message before it answers us: the echo's row is ours then."""
    echoes = bulk.run(
        """
        SELECT echo.id, ours.message_id, echo.conversation_id
          FROM unnest(%(message)s::bigint[], %(channel)s::bigint[], %(external)s::text[])
               AS ours(message_id, channel_id, external_id)
          JOIN whatsapp_message echo
            ON echo.workspace_id = %(workspace)s AND echo.channel_id = ours.channel_id
           AND echo.external_id = ours.external_id AND echo.id <> ours.message_id
         ORDER BY echo.id FOR UPDATE OF echo
        """,
        parameters,
    )
    if not echoes:
        return
    found = {
        "echo": [echo_id for echo_id, _, _ in echoes],
        "ours": [ours for _, ours, _ in echoes],
        "conversation": [one for _, _, one in echoes if one is not None],
    }
    bulk.run(
        """
        INSERT INTO whatsapp_statusevent (workspace_id, message_id, status, provider_at,
               received_at, error_code, error_text)
        SELECT told.workspace_id, moved.ours, told.status, told.provider_at,
               told.received_at, told.error_code, told.error_text
          FROM unnest(%(echo)s::bigint[], %(ours)s::bigint[]) AS moved(echo, ours)
          JOIN whatsapp_statusevent told ON told.message_id = moved.echo
        ON CONFLICT DO NOTHING
        """,
        found,
    )
    for table in ("whatsapp_statusevent", "whatsapp_mediaasset"):
        bulk.run(
            f"DELETE FROM {table} WHERE message_id = ANY(%(echo)s)",  # noqa: S608  # a constant
            found,
        )
    bulk.run("DELETE FROM whatsapp_message WHERE id = ANY(%(echo)s)", found)
    bulk.run(
        """
        UPDATE whatsapp_conversation conversation
           SET message_count = GREATEST(conversation.message_count - gone.messages, 0)
          FROM (SELECT id, count(*)::integer AS messages
                  FROM unnest(%(conversation)s::bigint[]) AS id GROUP BY id) gone
         WHERE conversation.id = gone.id
        """,
        found,
    )


def _try_again(attempts: Sequence[Attempt]) -> None:
    """Due after a pause, longer each time; failed once that has gone on for long enough."""
    if not attempts:
        return
    bulk.run(
        """
        WITH new AS (
            SELECT * FROM unnest(%(id)s::bigint[], %(token)s::uuid[], %(code)s::text[],
                                 %(detail)s::text[], %(retry_after)s::float8[])
              AS t(id, token, code, detail, retry_after)
        ), told AS (
            UPDATE whatsapp_outboxentry entry
               SET state = CASE WHEN entry.attempts >= %(most)s::integer
                                THEN 'failed' ELSE 'due' END,
                   reason = CASE WHEN entry.attempts >= %(most)s::integer
                                 THEN %(gave_up)s::text || ':' || left(new.code, 180)
                                 ELSE new.code END,
                   detail = new.detail, lease_token = NULL,
                   settled_at = CASE WHEN entry.attempts >= %(most)s::integer
                                     THEN statement_timestamp() END,
                   next_at = statement_timestamp() + make_interval(secs => GREATEST(
                       COALESCE(new.retry_after, 0),
                       (%(pauses)s::float8[])[LEAST(entry.attempts,
                                                    cardinality(%(pauses)s::float8[]))]
                       * (0.75 + random() / 2)))
              FROM new
             WHERE entry.id = new.id AND entry.lease_token = new.token
               AND entry.state = 'submitting'
            RETURNING entry.message_id, entry.state, new.code
        )
        UPDATE whatsapp_message message
           SET status = CASE WHEN told.state = 'failed' THEN 'failed' ELSE 'queued' END,
               error_code = CASE WHEN told.state = 'failed' THEN left(told.code, 40)
                                 ELSE '' END
          FROM told WHERE message.id = told.message_id
           AND message.status IN ('queued', 'sending')
        """,
        {
            **_columns(attempts),
            "retry_after": [
                min(one.outcome.retry_after or 0.0, MOST_RETRY_AFTER)
                for one in attempts
            ],
            "most": MOST_ATTEMPTS,
            "gave_up": GAVE_UP,
            "pauses": list(BACKOFF_SECONDS),
        },
    )


def _settle(state: str, shown: str, attempts: Sequence[Attempt]) -> None:
    if not attempts:
        return
    bulk.run(
        """
        WITH new AS (
            SELECT * FROM unnest(%(id)s::bigint[], %(token)s::uuid[], %(code)s::text[],
                                 %(detail)s::text[])
              AS t(id, token, code, detail)
        ), told AS (
            UPDATE whatsapp_outboxentry entry
               SET state = %(state)s::text, reason = new.code, detail = new.detail,
                   settled_at = CASE WHEN %(state)s::text = 'failed'
                                     THEN statement_timestamp() END,
                   next_at = statement_timestamp()
              FROM new
             WHERE entry.id = new.id AND entry.lease_token = new.token
               AND entry.state = 'submitting'
            RETURNING entry.message_id, new.code
        )
        UPDATE whatsapp_message message
           SET status = %(shown)s::text,
               error_code = CASE WHEN %(shown)s::text = 'failed' THEN left(told.code, 40)
                                 ELSE '' END
          FROM told WHERE message.id = told.message_id
           AND message.status IN ('queued', 'sending')
        """,
        {**_columns(attempts), "state": state, "shown": shown},
    )
