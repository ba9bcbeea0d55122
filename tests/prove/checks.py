"""What the database must say afterwards, asked in plain SQL past the product's own code."""

from collections import Counter
from dataclasses import dataclass

from tests.prove.clients import Ledger
from tests.prove.stack import Stack

_WRONG_COUNTERS = """
SELECT count(*) FROM whatsapp_conversation c LEFT JOIN LATERAL (
    SELECT count(*) AS messages,
           count(*) FILTER (WHERE m.direction = 'inbound') AS inbound,
           max(m.provider_at) AS last_at,
           max(m.provider_at) FILTER (WHERE m.direction = 'inbound') AS inbound_at
      FROM whatsapp_message m WHERE m.conversation_id = c.id
) real ON true
WHERE c.message_count <> real.messages OR c.unread_count <> real.inbound
   OR c.last_message_at IS DISTINCT FROM real.last_at
   OR c.last_inbound_at IS DISTINCT FROM real.inbound_at
"""


@dataclass(frozen=True)
class Found:
    """The state of the inbox and of what came of it. Only live messages were posted."""

    missing: int
    doubled: int
    leads: int
    conversations: int
    wrong_counters: int
    states: dict[str, int]

    def __str__(self) -> str:
        states = ", ".join(f"{count} {state}" for state, count in self.states.items())
        return (
            f"{self.missing} missing, {self.doubled} doubled, {self.leads} leads, "
            f"{self.conversations} conversations, {self.wrong_counters} with wrong "
            f"counters; raw webhooks: {states}"
        )

    @property
    def undone(self) -> int:
        """Waiting for a worker, or for a person."""
        return sum(
            count
            for state, count in self.states.items()
            if state not in {"done", "ignored"}
        )


def look(stack: Stack, ledger: Ledger) -> Found:
    stored = Counter(
        name for (name,) in stack.sql("SELECT external_id FROM whatsapp_message")
    )
    return Found(
        missing=len(ledger.names() - stored.keys()),
        doubled=sum(stored.values()) - len(stored),
        leads=stack.count("SELECT count(*) FROM whatsapp_lead"),
        conversations=stack.count("SELECT count(*) FROM whatsapp_conversation"),
        wrong_counters=stack.count(_WRONG_COUNTERS),
        states=dict(
            stack.sql(
                "SELECT state, count(*) FROM webhooks_rawwebhook GROUP BY 1 ORDER BY 1"
            )
        ),
    )


def digest(stack: Stack) -> dict[tuple[str, int], str]:
    """A fingerprint of every row of the whatsapp room, by table and id."""
    tables = stack.sql(
        "SELECT tablename FROM pg_tables WHERE tablename LIKE 'whatsapp\\_%'"
    )
    return {
        (table, id_): fingerprint
        for (table,) in tables
        for id_, fingerprint in stack.sql(
            f"SELECT id, md5(t::text) FROM {table} t"  # noqa: S608  # a name from the catalogue
        )
    }


def changed(
    before: dict[tuple[str, int], str], after: dict[tuple[str, int], str]
) -> Counter[str]:
    """How many rows of each table were added, removed or rewritten."""
    return Counter(table for (table, _), _ in before.items() ^ after.items())
