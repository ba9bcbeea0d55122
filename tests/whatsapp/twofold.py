"""One person who is known as two leads, and the ways to make them one and two again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db.models import Model

from accounts.models import Workspace
from tests.conftest import World
from tests.factories import whatsapp as make
from whatsapp.models import (
    Attribution,
    Conversation,
    Identity,
    Lead,
    LeadMerge,
    LeadNote,
    Message,
    Touch,
)
from whatsapp.services import merging

NOON = make.NOON
LATER = NOON + timedelta(days=1)
TABLES = (Lead, Identity, Touch, Attribution, LeadNote, Conversation, Message)


def ana_of(world: World) -> Lead:
    """Known for longer, by her phone."""
    lead = make.lead(world.workspace, created_at=NOON - timedelta(days=9))
    make.identity(lead, value="5511987654321")
    return lead


def hidden_of(world: World) -> Lead:
    """The same person, as a hidden id told of her first."""
    lead = make.lead(world.workspace, name="", search_text="")
    make.identity(lead, kind="lid", value="123", match_key="l:123")
    return lead


def merge_by(world: World) -> Callable[..., LeadMerge]:
    def act(gone: Lead, into: Lead, **fields: Any) -> LeadMerge:
        told: dict[str, Any] = {
            "reason": "Disse ao telefone",
            "actor": world.agent,
            "now": LATER,
        }
        return merging.merge(gone, into=into, **told | fields)

    return act


def undo_by(world: World) -> Callable[..., bool]:
    def act(done: LeadMerge, **fields: Any) -> bool:
        told: dict[str, Any] = {"reason": "Engano", "actor": world.agent, "now": LATER}
        return merging.undo(done, **told | fields)

    return act


def rows_of(workspace: Workspace) -> dict[str, list[dict[str, Any]]]:
    """Every row that a merge may touch; when a lead was written last is no part of it."""
    return {
        model.__name__: [
            {name: value for name, value in row.items() if name != "updated_at"}
            for row in model.objects.for_workspace(workspace).order_by("pk").values()
        ]
        for model in TABLES
    }


def reload(*rows: Model) -> None:
    for row in rows:
        row.refresh_from_db()
