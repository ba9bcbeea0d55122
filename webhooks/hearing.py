"""The hearing of a batch: what the database knows of its tokens and people, weighed.

`inbound` tells who wrote and acts on the verdicts; `attribution` makes each of them.
"""

from collections.abc import Collection, Mapping, Sequence

from webhooks import attribution, selectors
from webhooks.attribution import Candidates, TokenMatch
from webhooks.selectors import Lost
from whatsapp.models import Rule
from whatsapp.services.messages import Arrival
from whatsapp.services.origins import Verdict
from whatsapp.services.people import People, Person
from whatsapp.tokens import Found


class Hearing:
    """Asked for all messages at once: two statements, however many there are.

    Verdicts are asked for in the order of arrival: what one person brings is taken for the
    others of the batch, though no row says so yet. `found` has what each live message could
    bring as a token, by id of the arrival. The people have been recognised, and whoever brings
    something is held.
    """

    def __init__(
        self,
        workspace_id: int,
        *,
        persons: People,
        live: Sequence[Arrival],
        found: Mapping[int, Found],
    ) -> None:
        self._persons = persons
        self._found = found
        # By whom first; a guess at one stands until somebody brings it as it is.
        self._brought: dict[str, Person] = {}
        self._guessed: dict[str, Person] = {}
        wanted = {token for one in live for token in found[id(one)].marked}
        self._exact = selectors.token_matches(workspace_id, wanted)
        self._rescued = selectors.rescue_matches(
            workspace_id,
            [
                lost
                for one in live
                if self._exact.keys().isdisjoint(found[id(one)].marked)
                for lost in self._lost(one)
            ],
        )

    def tells_origin(self, arrival: Arrival) -> bool:
        """Whether a message brings a token or an ad; a word alone only if it is a click's."""
        found = self._found[id(arrival)]
        if found.marked or found.damaged or arrival.event.referral is not None:
            return True
        return any(self._rescued.get(lost) for lost in self._lost(arrival))

    def verdict(self, arrival: Arrival) -> Verdict:
        person = self._persons.get(arrival.peer_key)
        found = self._found[id(arrival)]
        rescued = {
            lost.written: self._rescued[lost]
            for lost in self._lost(arrival)
            if lost in self._rescued
        }
        verdict = attribution.attribute(
            arrival.event,
            Candidates(
                tokens=found.marked,
                damaged=found.damaged,
                alone=found.alone,
                exact=self._exact,
                rescued=rescued,
                taken=self._taken(person, found.marked, rescued),
                known_lead_id=person.lead_id,
                known_as=[
                    one.alias.value
                    for one in person.known
                    if one.lead_id == person.lead_id
                ],
            ),
        )
        if verdict.token is not None:
            is_guess = verdict.rule == Rule.TOKEN_RESCUE
            known = self._guessed if is_guess else self._brought
            known.setdefault(verdict.token, person)
        return verdict

    def _taken(
        self,
        person: Person,
        marked: Collection[str],
        rescued: Mapping[str, Sequence[TokenMatch]],
    ) -> set[str]:
        meant = {match.token for matches in rescued.values() for match in matches}
        return {
            token
            for token in meant.union(marked)
            if self._brought.get(token, person) is not person
        } | {token for token in meant if self._guessed.get(token, person) is not person}

    def _lost(self, arrival: Arrival) -> list[Lost]:
        found = self._found[id(arrival)]
        return [
            Lost(arrival.channel_id, written, arrival.received_at)
            for written in (*found.damaged, *found.alone)
        ]
