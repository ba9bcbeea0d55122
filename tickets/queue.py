"""Hints that there is work for the worker. Lost ones cost until the next sweep."""

from django.db import transaction

from whatsapp.queue import send

TELL = "tickets.tell"
DELIVER_EVENTS = "tickets.deliver_events"


def wake_after_commit() -> None:
    """Ask for a drain of e-mails once their rows can be seen."""
    transaction.on_commit(wake, robust=True)


def wake() -> None:
    send(TELL)


def deliver_after_commit() -> None:
    """Ask for events to be posted once their rows can be seen."""
    transaction.on_commit(deliver, robust=True)


def deliver() -> None:
    """Ask at once; without Redis the sweep finds the rows."""
    send(DELIVER_EVENTS)
