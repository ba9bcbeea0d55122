"""How many origins are found, and how many found wrongly: 100,000 messages, all the way.

Each comes in as a body of its own from a person of its own, is worked off by the corridor,
and is judged by the verdict that the database holds afterwards, by its click and by its lead. So
nothing of the product is copied or left out: reading of the body, of the text, clicks of 72
hours, every rule.
"""

import random
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import F
from django.utils import timezone

from accounts.bulk import each_of
from accounts.models import Workspace
from integrations.models import Channel
from tests.bench import bodies, corridor, shop
from tests.bench.house import House
from tests.bench.report import Bound, Row
from tests.bench.shop import Shop
from tests.bench.texts import Case, Clicks, Kind, Waiting, make_cases
from tests.walls import as_app
from webhooks import processing
from whatsapp import tokens
from whatsapp.models import Attribution, Identity, Lead, Touch, TouchKind

SEED = 20260801
MESSAGES = 100_000
RECENT = 5_000  # clicks of the last 72 hours on the channel, at any time
ELSEWHERE = 500
TWINS = 20
WAITING = 200
WINDOW = timedelta(hours=72)
LEAST_FOUND = 100.0
LEAST_RESCUED = 98.0
MOST_WRONG_PROBABLE = 1.0  # in 10,000 messages
SHOWN = 20
_NUMBERS = 20_000_000

FOUND = {("token", "certain")}
RESCUED = {("token_rescue", "probable")}


@dataclass(slots=True)
class Score:
    """What became of the cases, by kind; `odd` are those that a person may look at."""

    cases: Counter[Kind] = field(default_factory=Counter)
    right: Counter[Kind] = field(default_factory=Counter)
    found: Counter[Kind] = field(default_factory=Counter)
    wrong_certain: int = 0
    wrong_probable: int = 0
    odd: list[str] = field(default_factory=list)

    @property
    def messages(self) -> int:
        return self.cases.total()

    def share(self, *kinds: Kind, among: Counter[Kind] | None = None) -> float:
        right = self.right if among is None else among
        return (
            100
            * sum(right[one] for one in kinds)
            / sum(self.cases[one] for one in kinds)
        )

    def missed(self, *kinds: Kind) -> int:
        return sum(self.cases[one] - self.right[one] for one in kinds)

    def add(self, case: Case, verdict: Attribution, *, is_own: bool) -> None:
        """`is_own`: the lead is the one that this person has to have, and nobody else's."""
        told = verdict.touch.token if verdict.touch else None
        how = (verdict.rule, verdict.confidence)
        self.cases[case.kind] += 1
        is_found = (
            is_own
            and told == case.token
            and (told is not None or case.lead_id is not None)
        )
        is_right = is_found and how in _WANTED.get(case.kind, FOUND | RESCUED)
        self.found[case.kind] += is_found
        self.right[case.kind] += is_right
        is_wrong = not is_own or (told is not None and told != case.token)
        if is_wrong:
            is_guess = verdict.confidence == "probable"
            self.wrong_probable += is_guess
            self.wrong_certain += not is_guess
        if is_wrong or (case.kind in _WANTED and not is_right):
            self.odd.append(f"{case.kind} {case.how}: {how} of {case}")


_WANTED = {
    Kind.INTACT: FOUND,
    Kind.DECORATED: FOUND,
    Kind.DAMAGED: RESCUED,
    Kind.MARK: FOUND | RESCUED,
    # The link it was written for is likely to be where they come from; the click is another's.
    Kind.FORWARDED: {("token", "probable")},
    Kind.WAITING: FOUND,
}


def accuracy(house: House) -> list[Row]:
    here = shop.of(house)
    score = Score()
    count, recent = (1_000, 1_000) if house.is_quick else (MESSAGES, RECENT)
    score_messages(
        here,
        score,
        count=count,
        recent=recent,
        elsewhere=_other_channel(here.workspace),
    )
    for one in score.odd[:SHOWN]:
        print(f"  {one}", file=sys.stderr)
    return list(rows(score))


def rows(score: Score) -> Iterable[Row]:
    whole = (Kind.INTACT, Kind.DECORATED)
    yield _share(
        "accuracy_found",
        score.share(*whole),
        least=LEAST_FOUND,
        note=f"certain; {score.missed(*whole)} missed of {score.cases[whole[0]]} intact "
        f"and {score.cases[whole[1]]} decorated",
    )
    yield _share(
        "accuracy_rescued",
        score.share(Kind.DAMAGED),
        least=LEAST_RESCUED,
        note=f"probable; {score.cases[Kind.DAMAGED]} damaged, "
        f"{score.share(Kind.DAMAGED, among=score.found):.2f} % found",
    )
    yield _share(
        "accuracy_mark",
        score.share(Kind.MARK),
        least=LEAST_RESCUED,
        note=f"{score.cases[Kind.MARK]} with a slip in vm_token itself",
    )
    yield _share(
        "accuracy_forwarded",
        score.share(Kind.FORWARDED),
        least=LEAST_FOUND,
        note=f"probable, with a lead of their own; {score.cases[Kind.FORWARDED]} that "
        "somebody else had brought",
    )
    yield _share(
        "accuracy_waiting",
        score.share(Kind.WAITING),
        least=LEAST_FOUND,
        note=f"certain, with the lead that waited; {score.cases[Kind.WAITING]}",
    )
    yield Row(
        "accuracy_wrong_certain",
        score.wrong_certain,
        "messages",
        target=0,
        bound=Bound.VALUE_AT_MOST,
        note=f"of {score.messages}",
    )
    yield Row(
        "accuracy_wrong_probable",
        10_000 * score.wrong_probable / score.messages,
        "in 10,000",
        target=MOST_WRONG_PROBABLE,
        bound=Bound.VALUE_AT_MOST,
        note=f"{score.wrong_probable} messages",
    )


def _share(name: str, percent: float, *, least: float, note: str) -> Row:
    return Row(name, percent, "%", target=least, bound=Bound.VALUE_AT_LEAST, note=note)


def score_messages(
    here: Shop, score: Score, *, count: int, recent: int, elsewhere: Channel
) -> None:
    """Rounds of clicks and of the messages that follow; each round's clicks then grow old."""
    luck = random.Random(SEED)
    old: list[str] = []
    brought: list[str] = []
    for first in range(0, count, recent):
        clicks = _clicked(here, luck, recent=recent, elsewhere=elsewhere)
        clicks.old.extend(old[-recent:])
        clicks.brought.extend(brought[-recent:])
        awaited = {one.lead_id for one in clicks.waiting}
        cases = make_cases(clicks, min(recent, count - first), luck)
        _work_off(here, _NUMBERS + first, cases)
        for case, verdict, is_own in _verdicts(
            here, _NUMBERS + first, cases, awaited=awaited
        ):
            score.add(case, verdict, is_own=is_own)
        old = [*clicks.old, *clicks.fresh]
        brought = clicks.brought
        _grow_old(here.workspace)


def _clicked(
    here: Shop, luck: random.Random, *, recent: int, elsewhere: Channel
) -> Clicks:
    """Clicks of the last 72 hours, here and on another channel, that nobody has brought."""
    fresh = [random_token(luck) for _ in range(recent)]
    others = [random_token(luck) for _ in range(ELSEWHERE)]
    twins = [_twins(luck) for _ in range(TWINS)]
    near = [token for one, other, _ in twins for token in (one, other)]
    now = timezone.now()
    _insert(here.channel, [*fresh, *near], now, luck)
    _insert(elsewhere, others, now, luck)
    waiting = _waiting(here.workspace, luck)
    _insert(here.channel, [one.token for one in waiting if one.is_clicked], now, luck)
    return Clicks(fresh, [], others, twins, waiting=waiting)


def _waiting(workspace: Workspace, luck: random.Random) -> list[Waiting]:
    """Leads that nobody has met, as another system leaves them, each under a token."""
    made = Lead.objects.bulk_create(
        Lead(
            workspace=workspace,
            first_touch_token=random_token(luck),
            created_at=timezone.now(),
        )
        for _ in range(WAITING)
    )
    return [
        Waiting(one.first_touch_token or "", one.pk, is_clicked=at % 2 == 0)
        for at, one in enumerate(made)
    ]


def random_token(luck: random.Random) -> str:
    """As `new_token` makes them, from a seed."""
    payload = "".join(luck.choices(tokens.ALPHABET, k=tokens.LENGTH - 1))
    return payload + tokens.check_character(payload)


def _twins(luck: random.Random) -> tuple[str, str, str]:
    damaged = random_token(luck)[1:]
    one, other = luck.sample(tokens.rescues(damaged), 2)
    return one, other, damaged


def _insert(
    channel: Channel, made: Sequence[str], now: datetime, luck: random.Random
) -> None:
    Touch.objects.bulk_create(
        [
            Touch(
                workspace_id=channel.workspace_id,
                kind=TouchKind.LINK,
                channel=channel,
                token=token,
                occurred_at=now - 0.98 * luck.random() * WINDOW,
            )
            for token in made
        ],
        batch_size=1000,
    )


def _other_channel(workspace: Workspace) -> Channel:
    return Channel.objects.create(
        workspace=workspace,
        provider="meta_cloud",
        phone="+5511933330002",
        external_id="106540352290002",
    )


def _work_off(here: Shop, first: int, cases: Sequence[Case]) -> None:
    made = [
        bodies.text(first + at, text={"body": case.text})
        for at, case in enumerate(cases)
    ]
    corridor.store(here, made)
    connection.ensure_connection()
    with as_app():
        tally = processing.drain(budget_seconds=corridor.PATIENCE)
    if tally.done != len(made):
        raise AssertionError(f"{tally} instead of {len(made)} done")


def _verdicts(
    here: Shop, first: int, cases: Sequence[Case], *, awaited: Collection[int]
) -> Iterable[tuple[Case, Attribution, bool]]:
    """With whether the lead is the right one: the one that waited, or else nobody else's."""
    numbers = {bodies.message_id(first + at): at for at in range(len(cases))}
    every = Attribution.objects.for_workspace(here.workspace).select_related("touch")
    verdicts = list(every.filter(message_external_id__in=numbers))
    if len(verdicts) != len(cases):
        raise AssertionError(f"{len(verdicts)} verdicts on {len(cases)} messages")
    people = _people(here.workspace, {one.lead_id for one in verdicts})
    for one in verdicts:
        at = numbers[one.message_external_id or ""]
        case = cases[at]
        wanted = {case.lead_id} if case.lead_id else {one.lead_id}.difference(awaited)
        is_alone = people[one.lead_id] == {bodies.phone(first + at)}
        yield case, one, is_alone and one.lead_id in wanted


def _people(workspace: Workspace, leads: Collection[int]) -> dict[int, set[str]]:
    """The numbers of each lead."""
    names = Identity.objects.for_workspace(workspace).filter(lead__in=each_of(leads))
    found: dict[int, set[str]] = {}
    for lead_id, value in names.values_list("lead_id", "value"):
        found.setdefault(lead_id, set()).add(value)
    return found


def _grow_old(workspace: Workspace) -> None:
    clicks = Touch.objects.for_workspace(workspace)
    clicks.filter(occurred_at__gt=timezone.now() - WINDOW).update(
        occurred_at=F("occurred_at") - WINDOW
    )
