"""Tickets that are opened, or nearly: `python -m tests.prove.told`.

`--how` says what becomes of each transaction: `commit`, `rollback`, or `kill`, where a process
of its own dies after the commit and before the hint.
"""

import argparse
import os
import signal

import django


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--how", choices=["commit", "rollback", "kill"], required=True)
    parser.add_argument("--count", type=int, required=True)
    options = parser.parse_args()
    django.setup()
    _open(options.how, options.count)


def _open(how: str, count: int) -> None:
    for number in range(count):
        if how != "kill":
            _open_one(how, number)
            continue
        child = os.fork()
        if child == 0:
            _open_one(how, number)
            os._exit(1)  # there was no hint to die at
        _, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
            raise SystemExit("a child outlived its commit")


def _open_one(how: str, number: int) -> None:
    from django.db import transaction
    from django.utils import timezone

    from accounts.models import Workspace
    from accounts.scoping import workspace_transaction
    from tickets import queue
    from tickets.models import EventSource
    from tickets.services import tickets
    from tickets.services.tickets import By

    if how == "kill":
        vars(queue)["deliver"] = lambda: os.kill(os.getpid(), signal.SIGKILL)
    workspace = Workspace.objects.get(slug="prove")
    with workspace_transaction(workspace.pk):
        tickets.open_ticket(
            workspace,
            title=f"{how} {number}",
            by=By(source=EventSource.SYSTEM),
            now=timezone.now(),
        )
        if how == "rollback":
            transaction.set_rollback(True)


if __name__ == "__main__":
    main()
