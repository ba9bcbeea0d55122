"""What the clients post: conversations of many people, repeated, late and out of order."""

import random
from collections.abc import Iterable
from typing import Any

from tests.factories import cloud_api
from tests.prove.clients import Post

# So that ids of one run are never those of another in the same database.
START = 1_760_000_000


def phone(number: int) -> str:
    """A Brazilian mobile number of its own for each person."""
    return f"55119{70_000_000 + number:08d}"


def message(
    name: str, *, person: int, at: int = 0, text: str = "Oi", **fields: Any
) -> Post:
    body = cloud_api.body(
        cloud_api.message(
            text,
            sender=phone(person),
            name=f"Pessoa {person}",
            at=START + at,
            id_=name,
            **fields,
        )
    )
    return Post(body, (name,))


def conversations(
    prefix: str, *, people: int, each: int, chance: random.Random
) -> list[Post]:
    """`each` messages of every person, people taking turns, in the order they wrote."""
    return [
        message(
            f"{prefix}.{person}.{turn}",
            person=person,
            at=turn * people + person,
            text=chance.choice(("Oi", "Bom dia", "Quanto custa?", "Obrigado")),
        )
        for turn in range(each)
        for person in range(people)
    ]


def repeated(posts: list[Post], *, share: float, chance: random.Random) -> list[Post]:
    """Post a share of them a second time, at any later moment."""
    again = set(chance.sample(range(len(posts)), int(len(posts) * share)))
    placed = [(float(place), post) for place, post in enumerate(posts)]
    placed += [(chance.uniform(place, len(posts)), posts[place]) for place in again]
    return [post for _, post in sorted(placed, key=lambda one: one[0])]


def displaced(posts: list[Post], *, share: float, chance: random.Random) -> list[Post]:
    """Move a share of them to any other place."""
    moved = set(chance.sample(range(len(posts)), int(len(posts) * share)))
    placed = [
        (chance.uniform(0, len(posts)) if place in moved else float(place), post)
        for place, post in enumerate(posts)
    ]
    return [post for _, post in sorted(placed, key=lambda one: one[0])]


def echoes(names: Iterable[tuple[str, int]], *, to: int) -> Post:
    """Messages our side wrote on the phone to one person: (name, seconds) each."""
    listed = list(names)
    value = {
        "messaging_product": "whatsapp",
        "metadata": cloud_api.METADATA,
        "message_echoes": [
            {
                "from": cloud_api.METADATA["display_phone_number"],
                "to": phone(to),
                "id": name,
                "timestamp": str(START + at),
                "type": "text",
                "text": {"body": "Enviado"},
            }
            for name, at in listed
        ],
    }
    body = cloud_api.envelope({"field": "smb_message_echoes", "value": value})
    return Post(body, tuple(name for name, _ in listed))


def statuses(told: Iterable[tuple[str, str, int]]) -> Post:
    """(name, word, seconds) each."""
    return Post(
        cloud_api.body(
            statuses=tuple(
                cloud_api.status(name, word, at=START + at) for name, word, at in told
            )
        )
    )
