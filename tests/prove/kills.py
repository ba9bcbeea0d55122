"""Everything is killed, many times; nothing acknowledged is lost, doubled or left undone."""

import time

from tests.prove import checks, traffic
from tests.prove.plan import Plan
from tests.prove.report import Row, none_of, say

VICTIMS = ("web", "worker", "postgres", "valkey")
RATE = 220.0
DOWN_SECONDS = 1.0
UNDONE_SECONDS = 60.0
# A worker's rows are free again when its lease of 60 s ends: the last kill comes earlier
# than that before the moment at which nothing may be left undone.
LAST_KILL = 0.85
LAST_KILL_QUICK = 0.4  # it posts for 20 s only


def kills(plan: Plan) -> list[Row]:
    stack, chance = plan.stack, plan.chance("kills")
    people = plan.size(2000, 100)
    written = traffic.conversations(
        "wamid.kills", people=people, each=10, chance=chance
    )
    posts = traffic.repeated(
        traffic.displaced(written, share=0.05, chance=chance), share=0.1, chance=chance
    )
    victims = list(VICTIMS) * plan.size(5, 1)
    chance.shuffle(victims)
    ledger = plan.ledger("kills")
    say(
        f"kills: {len(written)} messages of {people} people in {len(posts)} posts from "
        f"8 clients, {len(victims)} kills"
    )
    rate = RATE * plan.size(100, 25) / 100  # time enough for every kill
    clients = plan.clients(posts, ledger, rate=rate).start()
    last_kill = LAST_KILL_QUICK if plan.is_quick else LAST_KILL
    for number, name in enumerate(victims):
        due = len(posts) * last_kill * (number + 0.5) / len(victims)
        while clients.is_busy and clients.acknowledged < due:
            time.sleep(0.02)
        stack.processes[name].kill()
        time.sleep(DOWN_SECONDS)
        stack.processes[name].start()
        say(f"  {number + 1:2}. {name} killed at post {clients.acknowledged}")
    clients.wait()
    say(
        f"  all posted: {clients.acknowledged} acknowledged, {clients.given_up} given up, "
        f"{len(clients.broken)} attempts refused or broken"
    )
    seconds = stack.wait_until_done(UNDONE_SECONDS)
    found = checks.look(stack, ledger)
    say(f"  {seconds:.1f} s after the last post: {found}")
    doubled = found.doubled + found.wrong_counters + abs(found.leads - people)
    doubled += abs(found.conversations - people)
    is_told = clients.given_up == 0 and len(ledger.names()) == len(written)
    return [
        none_of("kills_lost", found.missing, "acknowledged messages", also=is_told),
        none_of("kills_doubled", doubled, "messages, leads, threads, counters"),
        none_of("kills_undone", found.undone, "rows 60 s after the last post"),
    ]
