"""Statuses in any order, repeated, some before their message, equal a model of the rule.

The model is written from the design's sentence alone: "the displayed status is the highest
rank reached accepted < queued < sent < delivered < read < played; failed yields only to
later delivered or read".
"""

import random
from collections.abc import Iterable

from tests.prove import traffic
from tests.prove.clients import Post
from tests.prove.plan import Plan
from tests.prove.report import Row, none_of, say

PATIENCE = 180.0
TOGETHER = 5  # echoes in one body
STATUSES_TOGETHER = 10

Told = tuple[str, str, int]  # name, word, seconds


def statuses_permuted(plan: Plan) -> list[Row]:
    stack, chance = plan.stack, plan.chance("statuses")
    count = plan.size(10_000, 500)
    names = [f"wamid.status.{number}" for number in range(count)]
    told = {name: _course(name, chance) for name in names}
    posts = _bodies(names, told, chance)
    say(
        f"statuses: {sum(map(len, told.values()))} of {count} messages, permuted and "
        f"repeated, in {len(posts)} posts, two workers"
    )
    ledger = plan.ledger("statuses")
    stack.add_worker("worker2")
    clients = plan.clients(posts, ledger).start().wait()
    seconds = stack.wait_until_done(PATIENCE)
    stack.remove("worker2")
    shown = dict(stack.sql("SELECT external_id, status FROM whatsapp_message"))
    wrong = [name for name in names if shown.get(name) != shown_by_model(told[name])]
    waiting = stack.count("SELECT count(*) FROM whatsapp_waitingstatus")
    stuck = stack.count(
        "SELECT count(*) FROM webhooks_rawwebhook WHERE state NOT IN ('done', 'ignored')"
    )
    say(
        f"  done {seconds:.1f} s after the last post: {len(wrong)} differ from the model, "
        f"{waiting} still wait for a message that is there, {stuck} rows not done"
    )
    for name in wrong[:5]:
        say(f"  {name}: shown {shown.get(name)!r}, told {told[name]}")
    is_told = clients.given_up == 0 and ledger.names() == set(names)
    return [
        none_of(
            "statuses_permuted",
            len(wrong) + waiting,
            "messages unlike the model",
            also=is_told and stuck == 0,
        )
    ]


def shown_by_model(told: Iterable[Told]) -> str:
    """Live through it in the order of the provider's clock."""
    ladder = ["", "accepted", "queued", "sent", "delivered", "read", "played"]
    reached = ""
    has_failed = False
    # In one second, a failure is the later: nothing says that it was overcome.
    for _, word, _ in sorted(told, key=lambda one: (one[2], one[1] == "failed")):
        if word == "failed":
            has_failed = True
            continue
        reached = max(reached, word, key=ladder.index)
        if word in {"delivered", "read"}:
            has_failed = False
    return "failed" if has_failed else reached


def _course(name: str, chance: random.Random) -> list[Told]:
    """What happened to one message. An echo itself says that it was sent, at 0 s."""
    told: list[Told] = [(name, "sent", 0)]
    words = ("accepted", "sent", "delivered", "read", "played")
    told += [
        (name, word, chance.randint(1, 40))
        for word in chance.sample(words, chance.randint(1, 4))
    ]
    # The design does not say whether `played` overcomes a failure: such courses are left.
    if chance.random() < 0.3 and all(word != "played" for _, word, _ in told):
        told.append((name, "failed", chance.randint(1, 40)))
    return told


def _bodies(
    names: list[str], told: dict[str, list[Told]], chance: random.Random
) -> list[Post]:
    news = [one for course in told.values() for one in course[1:]]
    news += chance.sample(news, len(news) // 5)
    chance.shuffle(news)
    posts = [
        traffic.statuses(news[at : at + STATUSES_TOGETHER])
        for at in range(0, len(news), STATUSES_TOGETHER)
    ]
    posts += [
        traffic.echoes([(name, 0) for name in names[at : at + TOGETHER]], to=at)
        for at in range(0, len(names), TOGETHER)
    ]
    # Neighbours in time, now before and now after: the races are where they meet.
    chance.shuffle(posts)
    return posts
