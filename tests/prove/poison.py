"""Bodies that raise, hang or kill their worker are parked alone; the others are done."""

import time

from tests.prove import checks, faulty_worker, traffic
from tests.prove.clients import Post
from tests.prove.plan import Plan
from tests.prove.report import Row, say

HOW = ("raise", "hang", "exit", "kill")
LEASE_SECONDS = 5
PATIENCE = 180.0
HINT_SECONDS = 0.5


def poison(plan: Plan) -> list[Row]:
    stack, chance = plan.stack, plan.chance("poison")
    count, bad = plan.size(10_000, 400), plan.size(20, 4)
    posts = traffic.conversations(
        "wamid.poison", people=(count - bad) // 10, each=10, chance=chance
    )
    rest = len(posts)
    marked = [_marked(number) for number in range(bad)]
    for post in marked:
        posts.insert(chance.randrange(len(posts)), post)
    say(
        f"poison: {bad} bodies that {', '.join(HOW)} among {len(posts)}; shortened here: "
        f"lease {LEASE_SECONDS} s, pauses {faulty_worker.BACKOFF_SECONDS[0]} s, "
        f"{faulty_worker.PARSE_SECONDS} s to parse one body"
    )
    stack.remove("worker")
    stack.add_faulty_worker(
        "faulty",
        PROVE_FAULT="poison",
        PROVE_CHILDREN="2",
        INBOX_LEASE_SECONDS=str(LEASE_SECONDS),
    )
    ledger = plan.ledger("poison")
    clients = plan.clients(posts, ledger).start().wait()
    seconds = _wait_with_company(plan)
    # The poison itself is in the ledger, and no message.
    found = checks.look(stack, ledger)
    parked = stack.sql(
        "SELECT error, attempts, errors FROM webhooks_rawwebhook WHERE state = 'parked'"
    )
    for error in sorted({error for error, _, _ in parked}):
        rows = [row for row in parked if row[0] == error]
        say(f"  parked {len(rows)}: {error} (claims {max(row[1] for row in rows)})")
    say(f"  {seconds:.1f} s after the last post: {found}")
    stack.remove("faulty")
    stack.add_worker("worker")
    done = stack.count(
        "SELECT count(*) FROM whatsapp_message WHERE external_id LIKE 'wamid.poison.%'"
    )
    return [
        Row(
            "poison_parked",
            len(parked),
            "poison events parked",
            str(bad),
            ok=len(parked) == bad == found.missing,
        ),
        Row(
            "poison_rest_done",
            done,
            "other messages stored",
            str(rest),
            ok=done == rest
            and found.doubled == 0
            and found.undone == bad
            and clients.given_up == 0,
        ),
    ]


def _marked(number: int) -> Post:
    how = HOW[number % len(HOW)]
    marker = faulty_worker.MARKER.decode()
    return traffic.message(
        f"wamid.bad.{number}", person=900_000 + number, text=f"{marker}{how} {number}"
    )


def _wait_with_company(plan: Plan) -> float:
    """A trickle of posts, whose hints wake the worker as traffic would."""
    started = time.monotonic()
    number = 0
    while plan.stack.undone() and time.monotonic() - started < PATIENCE:
        post = traffic.message(f"wamid.company.{number}", person=950_000)
        plan.clients([post], plan.ledger("company"), count=1).start().wait()
        number += 1
        time.sleep(HINT_SECONDS)
    plan.stack.wait_until_done(10)
    return time.monotonic() - started
