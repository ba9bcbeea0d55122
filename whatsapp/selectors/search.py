"""Finding conversations by what was said, by name and by number, as a person types it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from accounts.models import Workspace
from accounts.scoping import workspace_transaction
from whatsapp import phones
from whatsapp.folding import fold
from whatsapp.selectors import filters as asking
from whatsapp.selectors import own_numbers
from whatsapp.selectors.filters import NO_FILTERS, Filters
from whatsapp.selectors.inbox import COLUMN_COUNT, COLUMNS, JOINS, ConversationRow

MOST = 50
# Hits that filters choose from.
_MOST_NARROWED = 200
_MOST_WORDS = 8
_LONGEST_WORD = 60
_SHORTEST_PHONE = 4
_LONGEST_PHONE = 20
_EXCERPT = 160

_SEARCH = f"""
WITH hits AS (
    SELECT conversation_id, message_id, matched_at
      FROM whatsapp_search_conversations(%(words)s, %(most)s)
    UNION ALL
    SELECT named.id, NULL, named.last_message_at
      FROM whatsapp_search_leads(%(words)s, %(phones)s, %(most)s) found
      JOIN whatsapp_conversation named ON named.lead_id = found.lead_id
), best AS (
    SELECT DISTINCT ON (conversation_id) conversation_id, message_id, matched_at
      FROM hits
     ORDER BY conversation_id, matched_at DESC, message_id NULLS LAST
), newest AS MATERIALIZED (
    SELECT best.* FROM best {{kept}}
     ORDER BY matched_at DESC, conversation_id DESC LIMIT %(shown)s
)
SELECT {COLUMNS}, left(message.text, 4000)
  FROM newest
  JOIN whatsapp_conversation conversation ON conversation.id = newest.conversation_id
  {JOINS}
  LEFT JOIN whatsapp_message message ON message.id = newest.message_id
 WHERE conversation.workspace_id = %(workspace)s
 ORDER BY newest.matched_at DESC, newest.conversation_id DESC
"""  # noqa: S608  # constants of this room; what a person typed is a parameter
_KEPT = """
JOIN whatsapp_conversation conversation
  ON conversation.id = best.conversation_id{narrowed}
"""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A piece of a message around the first word that was looked for."""

    before: str
    hit: str
    after: str


@dataclass(frozen=True, slots=True)
class SearchRow:
    conversation: ConversationRow
    excerpt: Excerpt | None


@dataclass(frozen=True, slots=True)
class SearchResult:
    rows: tuple[SearchRow, ...]
    is_cut: bool


def query_words(text: str) -> list[str]:
    return [word[:_LONGEST_WORD] for word in fold(text[:500]).split()[:_MOST_WORDS]]


def tsquery(words: list[str]) -> str:
    """Every word as a beginning. The words are letters and digits only, so the operators
    in the result are the ones written here."""
    return " & ".join(f"'{word}':*" for word in words)


def phone_beginnings(text: str, *, calling_codes: Collection[int]) -> list[str]:
    """Match keys that a number typed in any notation may begin with.

    People leave the country code out; our own numbers tell which one they mean.
    """
    written = phones.digits(text)
    has_letters = any(char.isalpha() for char in text)
    if has_letters or not _SHORTEST_PHONE <= len(written) <= _LONGEST_PHONE:
        return []
    national = written.lstrip("0")
    if not national:
        return []
    codes = sorted(calling_codes)
    if phones.is_international(text):
        numbers = [national]
    else:
        numbers = [written, *(f"{code}{national}" for code in codes)]
        # A carrier's code is known by the whole number alone.
        read = (phones.to_e164(text, regions=[one]) for one in phones.regions_of(codes))
        numbers += [phones.digits(one) for one in read if one]
    # As typed before other notations: they are looked up in turn, until there are enough.
    begun = dict.fromkeys(numbers)
    begun |= dict.fromkeys(part for one in numbers for part in phones.beginnings(one))
    return [f"p:{part}" for part in begun]


def search_conversations(
    workspace: Workspace,
    *,
    text: str,
    filters: Filters = NO_FILTERS,
    user_id: int = 0,
    now: datetime | None = None,
) -> SearchResult:
    """The newest conversations in which every word is found, as a beginning of a word.

    Open and closed ones alike, unless a tab other than "all" is among the filters.
    """
    words = query_words(text)
    if not words:
        return SearchResult((), is_cut=False)
    narrowed, values = asking.conditions(
        filters, user_id=user_id, now=now or datetime.now(UTC)
    )
    if filters.tab == "closed":
        narrowed += " AND conversation.state = 'closed'"
    with workspace_transaction(workspace.pk):
        rows = _rows(
            workspace,
            words=words,
            beginnings=own_beginnings(workspace, text),
            narrowed=narrowed,
            values=values,
        )
    return SearchResult(
        tuple(
            SearchRow(
                ConversationRow.of(row),
                excerpt(row[COLUMN_COUNT], words=words) if row[COLUMN_COUNT] else None,
            )
            for row in rows
        ),
        is_cut=len(rows) == MOST,
    )


def excerpt(text: str, *, words: list[str]) -> Excerpt:
    """Cut around the first word that begins with one of `words`."""
    start, end = _first_hit(text, words)
    left = max(0, start - _EXCERPT // 3)
    right = min(len(text), max(end, left + _EXCERPT))
    return Excerpt(
        before=("…" if left else "") + text[left:start],
        hit=text[start:end],
        after=text[end:right] + ("…" if right < len(text) else ""),
    )


def _first_hit(text: str, words: list[str]) -> tuple[int, int]:
    position = 0
    for token in text.split():
        begin = text.index(token, position)
        position = begin + len(token)
        if any(part.startswith(tuple(words)) for part in fold(token).split()):
            return begin, position
    return 0, 0


def own_beginnings(workspace: Workspace, text: str) -> list[str]:
    """`phone_beginnings` with the calling codes of this workspace's own numbers."""
    if not phone_beginnings(text, calling_codes=()):
        return []
    return phone_beginnings(text, calling_codes=own_numbers.calling_codes(workspace))


def _rows(
    workspace: Workspace,
    *,
    words: list[str],
    beginnings: list[str],
    narrowed: str,
    values: dict[str, Any],
) -> list[tuple[Any, ...]]:
    kept = _KEPT.format(narrowed=narrowed) if narrowed else ""
    with connection.cursor() as cursor:
        cursor.execute(
            _SEARCH.format(kept=kept),
            values
            | {
                "workspace": workspace.pk,
                "words": tsquery(words),
                "phones": beginnings,
                "most": _MOST_NARROWED if narrowed else MOST,
                "shown": MOST,
            },
        )
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
