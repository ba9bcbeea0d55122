"""Change tickets one after the other, as a process of the product: `python -m
tests.prove.ticket_changes`.

First it makes tickets and people and prints their keys and sessions; then, told `go`, it
changes random tickets and ends.
"""

import argparse
import json
import random
import sys
import time

import django


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, required=True)
    parser.add_argument("--people", type=int, required=True)
    parser.add_argument("--changes", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()
    django.setup()
    _run(options)


def _run(options: argparse.Namespace) -> None:
    from django.utils import timezone

    from accounts import broadcast
    from accounts.models import Membership, User, Workspace
    from accounts.scoping import workspace_transaction
    from tests.browser.house import session_of
    from tickets.models import EventSource
    from tickets.services import tickets
    from tickets.services.tickets import By

    workspace = Workspace.objects.get(slug="prove")
    by = By(source=EventSource.SYSTEM)
    with workspace_transaction(workspace.pk):
        opened = [
            tickets.open_ticket(workspace, title=f"t{n}", by=by, now=timezone.now())
            for n in range(options.tickets)
        ]
        people = [
            User.objects.create_user(email=f"live{options.seed}-{n}@example.com")
            for n in range(options.people)
        ]
        for user in people:
            Membership.objects.create(workspace=workspace, user=user, role="agent")
    told = {
        "sessions": [session_of(user) for user in people],
        "tickets": [str(one.key) for one in opened],
    }
    print(json.dumps(told), flush=True)
    sys.stdin.readline()
    dice = random.Random(options.seed)
    began = time.monotonic()
    for number in range(options.changes):
        time.sleep(max(0.0, began + number / options.rate - time.monotonic()))
        with workspace_transaction(workspace.pk):
            ticket = dice.choice(opened)
            tickets.change(
                ticket, {"title": f"change {number}"}, by=by, now=timezone.now()
            )
    broadcast.flush(20)  # a process that goes on would tell the rest by itself


if __name__ == "__main__":
    main()
