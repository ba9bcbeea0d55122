"""Who wrote: aliases of a person, and the lead behind them. Set-based, safe to repeat.

Callers hold `bulk.lock` on the match keys of everyone who is not settled, so nobody else
makes a lead for them meanwhile.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

from accounts import bulk
from accounts.keys import new_key
from integrations.providers.base.types import MessageEvent, Party
from whatsapp import phones
from whatsapp.folding import fold
from whatsapp.models import Confidence, IdentityKind, Rule

_HOUR = timedelta(hours=1)
_LONGEST = 128  # characters of an alias


@dataclass(frozen=True, slots=True)
class Alias:
    kind: str
    value: str
    match_key: str


@dataclass(frozen=True, slots=True)
class KnownAs:
    """An alias we have, and the lead it belongs to."""

    alias: Alias
    lead_id: int
    lead_name: str
    lead_since: datetime
    is_lead_unheard: bool  # no verdict says anything of its origin yet
    last_seen_at: datetime


@dataclass(slots=True, eq=False)
class Person:
    """Everything a batch says about one person, and the lead once it is known.

    `seen_at` is when they last wrote or were written to; `told_at` when somebody told of
    them, as an address book does. `is_renamed`: the provider said that one of the names
    became another.
    """

    aliases: dict[tuple[str, str], Alias] = field(default_factory=dict)
    match_keys: set[str] = field(default_factory=set)
    name: str = ""
    source: str = ""
    seen_at: datetime | None = None
    told_at: datetime | None = None
    known: list[KnownAs] = field(default_factory=list)
    lead_id: int | None = None
    is_new: bool = False
    is_renamed: bool = False

    @property
    def lead_ids(self) -> list[int]:
        """The leads known by these names, the one that counts first."""
        known = dict.fromkeys(one.lead_id for one in self.known)
        return sorted(known, key=lambda id_: id_ != self.lead_id)

    def since(self, lead_id: int | None) -> datetime | None:
        """When a lead that was known by one of the names began."""
        return next(
            (one.lead_since for one in self.known if one.lead_id == lead_id), None
        )

    @property
    def is_settled(self) -> bool:
        """One lead is known by every alias told, and something of its origin: nothing about
        the person is to decide."""
        return (
            len(self.lead_ids) == 1
            and not self.has_new_alias
            and not any(one.is_lead_unheard for one in self.known)
        )

    @property
    def has_new_alias(self) -> bool:
        return any(map(self.is_new_alias, self.aliases.values()))

    def is_new_alias(self, alias: Alias) -> bool:
        return self._find_known(alias) is None

    def has_news_of(self, alias: Alias) -> bool:
        """Whether the alias is new, or was last seen more than an hour before now."""
        known = self._find_known(alias)
        if known is None:
            return True
        return self.seen_at is not None and known.last_seen_at + _HOUR < self.seen_at

    def _find_known(self, alias: Alias) -> KnownAs | None:
        for one in self.known:
            if one.alias.kind == alias.kind and one.alias.value == alias.value:
                return one
        return None


def origin_rank(rule: str | None, confidence: str | None, touch_id: int | None) -> int:
    """How well a verdict explains the origin; a better one replaces it, never a worse."""
    if rule is None:
        return -1
    if rule == Rule.MANUAL:
        return 3
    if touch_id is None:
        return 0
    return 2 if confidence == Confidence.CERTAIN else 1


@lru_cache(maxsize=4096)
def aliases(party: Party) -> tuple[Alias, ...]:
    """The names of a party, best for matching first. A user name can change hands."""
    found = []
    if party.wa_id:
        digits = phones.digits(party.wa_id)[:_LONGEST]
        found.append(
            Alias(IdentityKind.WA_ID, digits, phones.match_key_for_phone(digits))
        )
    if party.bsuid:
        bsuid = party.bsuid[:_LONGEST]
        found.append(Alias(IdentityKind.BSUID, bsuid, f"b:{bsuid}"))
    if party.lid:
        lid = party.lid[:_LONGEST]
        found.append(Alias(IdentityKind.LID, lid, f"l:{lid}"))
    return tuple(found)


def peer_key(party: Party) -> str:
    """The key under which messages of a person without a lead wait for one."""
    return next((alias.match_key for alias in aliases(party)), "")


def thread_key(event: MessageEvent) -> str:
    """Whose thread a message belongs to: the person's, or that of a whole group, which is
    nobody's and never joins a conversation."""
    if event.group_id is not None:
        return f"g:{event.group_id[:_LONGEST]}"
    return peer_key(event.peer)


class People:
    """The persons of a batch; parties that share an alias are one person."""

    def __init__(self) -> None:
        self._by_key: dict[str, Person] = {}

    def add(
        self,
        party: Party,
        *,
        source: str,
        seen_at: datetime | None = None,
        told_at: datetime | None = None,
        became: Party | None = None,
    ) -> Person:
        """`became` are names that the same person is known by from now on."""
        names = aliases(party) + (aliases(became) if became else ())
        person = self._meet([alias.match_key for alias in names])
        person.is_renamed = person.is_renamed or became is not None
        for alias in names:
            person.aliases.setdefault((alias.kind, alias.value), alias)
        person.name = person.name or (party.name or "")
        person.source = person.source or source
        person.seen_at = max(filter(None, (person.seen_at, seen_at)), default=None)
        person.told_at = max(filter(None, (person.told_at, told_at)), default=None)
        return person

    def _meet(self, match_keys: Sequence[str]) -> Person:
        met = {id(one): one for key in match_keys if (one := self._by_key.get(key))}
        first, *others = met.values() or [Person()]
        for other in others:
            first.aliases.update(other.aliases)
            first.name = first.name or other.name
            first.match_keys |= other.match_keys
            first.is_renamed = first.is_renamed or other.is_renamed
        first.match_keys.update(match_keys)
        for key in first.match_keys:
            self._by_key[key] = first
        return first

    def get(self, key: str) -> Person:
        """The person with this match key; KeyError when none was added under it."""
        return self._by_key[key]

    def lead_of(self, key: str) -> int | None:
        """The lead of whoever writes under this key: of two phones that one id joins, each
        keeps its own."""
        person = self._by_key[key]
        own = (one.lead_id for one in person.known if one.alias.match_key == key)
        return next(own, person.lead_id) if key.startswith("p:") else person.lead_id

    @property
    def all(self) -> list[Person]:
        """Each person once."""
        return list({id(one): one for one in self._by_key.values()}.values())

    @property
    def new_lead_ids(self) -> list[int]:
        """Of those who have become leads just now."""
        return [
            one.lead_id for one in self.all if one.is_new and one.lead_id is not None
        ]

    def hold(self, workspace_id: int, persons: Iterable[Person]) -> None:
        """Nobody merges the leads of these persons until we are done; whoever is about to
        is waited for. Ask anew who they are then."""
        keys = [key for one in persons for key in one.match_keys]
        if keys:
            bulk.run(
                """
                SELECT id FROM whatsapp_lead
                 WHERE workspace_id = %(workspace)s AND id = ANY(ARRAY(
                       SELECT lead_id FROM whatsapp_identity
                        WHERE workspace_id = %(workspace)s AND match_key = ANY(%(keys)s)))
                 ORDER BY id FOR KEY SHARE
                """,
                {"workspace": workspace_id, "keys": keys},
            )

    def recognise(self, workspace_id: int, persons: Iterable[Person]) -> None:
        """Find the leads behind persons. A phone decides over an id that hides it."""
        wanted = list(persons)
        for person in wanted:
            person.known.clear()
            person.lead_id = None
        if not wanted:
            return
        rows = bulk.run(
            """
            SELECT i.kind, i.value, i.match_key, i.lead_id, l.name, l.created_at,
                   l.attribution_id IS NULL, i.last_seen_at
              FROM whatsapp_identity i
              JOIN whatsapp_lead l ON l.id = i.lead_id
             WHERE i.workspace_id = %s AND i.match_key = ANY(%s)
             ORDER BY i.id
            """,
            [workspace_id, [key for one in wanted for key in one.match_keys]],
        )
        for kind, value, match_key, *told in rows:
            known = KnownAs(Alias(kind, value, match_key), *told)
            self._by_key[match_key].known.append(known)
        for person in wanted:
            if person.known:
                best = min(
                    person.known, key=lambda one: "pbl".find(one.alias.match_key[0])
                )
                person.lead_id = best.lead_id


@dataclass(frozen=True, slots=True)
class NewLead:
    person: Person
    token: str | None
    is_anonymous: bool
    created_at: datetime


def begin_earlier(workspace_id: int, since: Mapping[int, datetime]) -> None:
    """Leads began when they first wrote, not with the first message that came in."""
    if since:
        bulk.run(
            """
            UPDATE whatsapp_lead lead SET created_at = new.at, updated_at = now()
              FROM unnest(%s::bigint[], %s::timestamptz[]) AS new(id, at)
             WHERE lead.id = new.id AND lead.workspace_id = %s
               AND lead.created_at > new.at
            """,
            [list(since), list(since.values()), workspace_id],
        )


def insert_leads(workspace_id: int, leads: Sequence[NewLead]) -> None:
    """Make leads and write their ids into the persons.

    A token that a lead has, such as one that waits and whose token came damaged, stays there.
    """
    if not leads:
        return
    keys = [new_key() for _ in leads]
    rows = bulk.run(
        """
        INSERT INTO whatsapp_lead (key, workspace_id, name, search_text, email, stage,
               first_touch_token, is_anonymous, created_at, updated_at)
        SELECT key, %s, name, search_text, '', '',
               CASE WHEN (SELECT held.id FROM whatsapp_lead held
                           WHERE held.workspace_id = %s
                             AND held.first_touch_token = token LIMIT 1) IS NULL
                    THEN token END,
               anonymous, created_at, now()
          FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::boolean[],
                      %s::timestamptz[])
               AS new(key, name, search_text, token, anonymous, created_at)
        RETURNING key, id
        """,
        [
            workspace_id,
            workspace_id,
            keys,
            [lead.person.name[:200] for lead in leads],
            [fold(lead.person.name[:200]) for lead in leads],
            [lead.token for lead in leads],
            [lead.is_anonymous for lead in leads],
            [lead.created_at for lead in leads],
        ],
    )
    ids: dict[UUID, int] = dict(rows)
    for key, lead in zip(keys, leads, strict=True):
        lead.person.lead_id = ids[key]
        lead.person.is_new = True


def note_aliases(workspace_id: int, persons: Iterable[Person]) -> None:
    """Keep every alias of known leads and when it was last seen, to the hour."""
    rows = [
        (person, alias)
        for person in persons
        if person.lead_id is not None
        for alias in person.aliases.values()
        if person.has_news_of(alias)
    ]
    rows.sort(key=lambda row: (row[1].kind, row[1].value))  # one order, no deadlock
    if not rows:
        return
    bulk.run(
        """
        INSERT INTO whatsapp_identity AS identity (workspace_id, lead_id, kind, value,
               match_key, source, first_seen_at, last_seen_at)
        SELECT %s, lead_id, kind, value, match_key, source, seen_at, seen_at
          FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[],
                      %s::timestamptz[])
               AS new(lead_id, kind, value, match_key, source, seen_at)
        ON CONFLICT (workspace_id, kind, value) DO UPDATE
           SET last_seen_at = GREATEST(identity.last_seen_at, EXCLUDED.last_seen_at)
        """,
        [
            workspace_id,
            [person.lead_id for person, _ in rows],
            [alias.kind for _, alias in rows],
            [alias.value for _, alias in rows],
            [alias.match_key for _, alias in rows],
            [person.source for person, _ in rows],
            [person.seen_at or person.told_at for person, _ in rows],
        ],
    )


def fill_names(workspace_id: int, persons: Iterable[Person]) -> None:
    """Give a name to leads that have none."""
    rows = {
        person.lead_id: person.name[:200]
        for person in persons
        if person.lead_id is not None
        and person.name
        and not person.is_new
        and any(
            one.lead_id == person.lead_id and not one.lead_name for one in person.known
        )
    }
    if not rows:
        return
    bulk.run(
        """
        UPDATE whatsapp_lead lead SET name = new.name, search_text = new.search_text,
               updated_at = now()
          FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS new(id, name, search_text)
         WHERE lead.id = new.id AND lead.workspace_id = %s AND lead.name = ''
        """,
        [
            list(rows),
            list(rows.values()),
            [fold(name) for name in rows.values()],
            workspace_id,
        ],
    )
