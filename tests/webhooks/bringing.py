"""People who each bring a text to a shop, together or one after the other."""

from typing import Any

from tests.factories import cloud_api as cloud
from tests.webhooks.conftest import Shop
from whatsapp.models import Identity

PEOPLE = ("5511987654321", "5521976543210", "5531965432109")


def bring(shop: Shop, *texts: str, together: bool) -> list[Any]:
    """Each text from somebody else; their leads, in the order in which they wrote."""
    made = [
        cloud.body(cloud.message(text, sender=sender))
        for text, sender in zip(texts, PEOPLE, strict=False)
    ]
    if together:
        shop.process(*made)
    else:
        for body in made:
            shop.process(body)
    names = shop.rows(Identity).select_related("lead__attribution__touch")
    return [names.get(value=sender).lead for sender in PEOPLE[: len(made)]]
