"""Many first messages of one person at once still make one lead and one conversation."""

from tests.prove import checks, traffic
from tests.prove.plan import Plan
from tests.prove.report import Row, none_of, say

PATIENCE = 120.0
EACH = 50


def first_messages_at_once(plan: Plan) -> list[Row]:
    stack, chance = plan.stack, plan.chance("crowd")
    people = plan.size(200, 20)
    posts = traffic.conversations(
        "wamid.crowd", people=people, each=EACH, chance=chance
    )
    chance.shuffle(posts)
    ledger = plan.ledger("crowd")
    say(f"first messages at once: {EACH} each of {people} people, two workers")
    stack.add_worker("worker2")
    clients = plan.clients(posts, ledger).start().wait()
    seconds = stack.wait_until_done(PATIENCE)
    stack.remove("worker2")
    found = checks.look(stack, ledger)
    say(f"  done {seconds:.1f} s after the last post: {found}")
    odd = stack.count(
        "SELECT count(*) FROM whatsapp_conversation WHERE message_count <> %s", EACH
    )
    excess = abs(found.leads - people) + abs(found.conversations - people)
    wrong = odd + excess + found.missing + found.doubled + found.wrong_counters
    return [
        none_of(
            "first_messages_at_once",
            wrong,
            "leads, threads or counts wrong",
            also=found.undone == 0 and clients.given_up == 0,
        )
    ]
