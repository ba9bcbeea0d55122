"""Who asked not to be written to, as pages show it."""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import Workspace
from whatsapp.models import (
    Identity,
    Lead,
    OptOut,
    OptOutScope,
    OptOutSource,
    OptOutWords,
)
from whatsapp.stop_words import START_WORDS, STOP_WORDS

_MOST = 50
# A column of a lead's row: the widest scope that holds for the person, or empty.
COLUMN = """
(SELECT min(said.scope) FROM (
    SELECT DISTINCT ON (told.scope) told.scope, told.is_out
      FROM whatsapp_identity name
      JOIN whatsapp_optout told ON told.workspace_id = name.workspace_id
                               AND told.peer_key = name.match_key
     WHERE name.lead_id = lead.id ORDER BY told.scope, told.id DESC) said
  WHERE said.is_out)
"""
# The second looks at one lead; the first begins with those who ever said something.
CONDITION = f"""
AND lead.id IN (SELECT name.lead_id FROM whatsapp_optout told
                  JOIN whatsapp_identity name ON name.workspace_id = told.workspace_id
                                             AND name.match_key = told.peer_key
                 WHERE told.workspace_id = %(workspace)s AND told.is_out)
AND {COLUMN} IS NOT NULL
"""  # noqa: S608  # constants of this module


@dataclass(frozen=True, slots=True)
class Silence:
    """What somebody said about hearing from us: `scope` is empty where nothing holds."""

    scope: str = ""
    told_at: datetime | None = None
    history: tuple[OptOut, ...] = ()  # newest first

    @property
    def is_all(self) -> bool:
        return self.scope == OptOutScope.ALL

    @property
    def is_known(self) -> bool:
        """Somebody said something once, be it taken back."""
        return bool(self.history)


def of_lead(lead: Lead) -> Silence:
    """One read, whatever was said."""
    rows = tuple(
        OptOut.objects.for_workspace(lead.workspace_id)
        .filter(
            peer_key__in=Identity.objects.for_workspace(lead.workspace_id)
            .filter(lead=lead)
            .values("match_key")
        )
        .select_related("actor", "channel")
        .order_by("-pk")[:_MOST]
    )
    newest: dict[str, OptOut] = {}
    for row in rows:
        newest.setdefault(row.scope, row)
    standing = sorted(
        (row for row in newest.values() if row.is_out), key=lambda row: row.scope
    )
    if not standing:
        return Silence(history=rows)
    return Silence(standing[0].scope, standing[0].told_at, rows)


def scope_word(scope: str) -> str:
    return str(OptOutScope(scope).label) if scope in OptOutScope.values else scope


def source_word(source: str) -> str:
    return str(OptOutSource(source).label) if source in OptOutSource.values else source


def words_of(workspace: Workspace) -> OptOutWords:
    """The workspace's own, or the usual ones in a row that is not saved yet."""
    found: OptOutWords | None = OptOutWords.objects.for_workspace(workspace).first()
    return found or OptOutWords(
        workspace=workspace,
        stop_words=list(STOP_WORDS),
        start_words=list(START_WORDS),
    )
