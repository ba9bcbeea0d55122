"""Finished rows are processed again in another order, and change nothing."""

import random

from tests.factories import cloud_api
from tests.prove import checks, traffic
from tests.prove.clients import Post
from tests.prove.plan import Plan
from tests.prove.report import Row, none_of, say

PATIENCE = 180.0


def replay(plan: Plan) -> list[Row]:
    stack, chance = plan.stack, plan.chance("replay")
    posts = _every_kind(plan.size(400, 40), chance)
    plan.clients(posts, plan.ledger("replay")).start().wait()
    stack.wait_until_done(PATIENCE)
    before = checks.digest(stack)
    rows = stack.count("SELECT count(*) FROM webhooks_rawwebhook")
    say(
        f"replay: {rows} finished rows again, shuffled; {len(before)} rows came of them"
    )
    stack.sql(
        "UPDATE webhooks_rawwebhook SET state = 'received', attempts = 0, errors = 0, "
        "next_at = now() - random() * interval '10 s'"
    )
    seconds = stack.wait_until_done(PATIENCE)
    undone = stack.undone()
    changed = checks.changed(before, checks.digest(stack))
    where = ", ".join(f"{count} in {table}" for table, count in changed.items())
    say(f"  done in {seconds:.1f} s, {undone} undone; changed: {where or 'nothing'}")
    return [
        none_of("replay_changes", changed.total(), "rows changed", also=undone == 0)
    ]


def _every_kind(count: int, chance: random.Random) -> list[Post]:
    """Text, ads, edits, history, contacts, echoes and statuses, before and after."""
    posts: list[Post] = []
    for number in range(count):
        person = 500_000 + number
        name = f"wamid.replay.{number}"
        posts += [
            traffic.message(f"{name}.text", person=person),
            traffic.message(
                f"{name}.ad",
                person=person,
                at=60,
                referral={
                    "source_id": str(number),
                    "source_type": "ad",
                    "source_url": "https://fb.me/anuncio",
                    "ctwa_clid": f"clid{number}",
                },
            ),
            traffic.message(
                f"{name}.reaction",
                person=person,
                at=120,
                type="reaction",
                reaction={"message_id": f"{name}.text", "emoji": "👍"},
            ),
            traffic.echoes([(f"{name}.echo", 90)], to=person),
            traffic.statuses(
                (f"{name}.echo", word, at)
                for at, word in ((100, "delivered"), (150, "read"), (95, "failed"))
            ),
            traffic.statuses([(f"{name}.nobody", "read", 1)]),
            Post(
                cloud_api.history(
                    cloud_api.message(
                        "Antes",
                        sender=traffic.phone(person),
                        at=traffic.START - 86_400,
                        id_=f"{name}.history",
                    ),
                    thread=traffic.phone(person),
                )
            ),
            Post(_contact(person)),
        ]
    chance.shuffle(posts)
    return posts


def _contact(person: int) -> bytes:
    change = {
        "field": "smb_app_state_sync",
        "value": {
            "messaging_product": "whatsapp",
            "metadata": cloud_api.METADATA,
            "state_sync": [
                {
                    "type": "contact",
                    "contact": {
                        "full_name": f"Contato {person}",
                        "first_name": "Contato",
                        "phone_number": traffic.phone(person),
                    },
                    "action": "add",
                    "metadata": {"timestamp": str(traffic.START)},
                }
            ],
        },
    }
    return cloud_api.envelope(change)
