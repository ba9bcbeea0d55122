"""What one lead becomes of two: pure, so that a page can show it before it happens.

The first touch stays: among verdicts the one that explains more counts, and of equals the
earlier. Fields that are filled in win over empty ones, and the lead that stays over the other.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts import bulk
from whatsapp.models import Rule
from whatsapp.services.people import origin_rank

# Fields of the lead that stays, in the order in which a page tells them.
FILLED = ("name", "email", "stage")
_MANUAL = 3  # the rank of what a person decided


@dataclass(frozen=True, slots=True)
class Standing:
    """A lead as it stands, with the verdict that counts for it and its first touch."""

    id: int
    name: str
    email: str
    stage: str
    is_anonymous: bool
    created_at: datetime
    first_touch_token: str | None
    merged_into_id: int | None
    attribution_id: int | None
    rule: str | None
    confidence: str | None
    touch_id: int | None
    cause: str | None
    decided_at: datetime | None
    explained_at: datetime | None  # the moment that the verdict points to
    first_touch_at: datetime

    @property
    def rank(self) -> int:
        return origin_rank(self.rule, self.confidence, self.touch_id)


_STANDINGS = """
SELECT lead.id, lead.name, lead.email, lead.stage, lead.is_anonymous, lead.created_at,
       lead.first_touch_token, lead.merged_into_id, lead.attribution_id, verdict.rule,
       verdict.confidence, verdict.touch_id, verdict.cause, verdict.decided_at,
       COALESCE(touch.occurred_at, verdict.decided_at),
       COALESCE(first.occurred_at, lead.created_at)
  FROM whatsapp_lead lead
  LEFT JOIN whatsapp_attribution verdict ON verdict.id = lead.attribution_id
  LEFT JOIN whatsapp_touch touch ON touch.id = verdict.touch_id
  LEFT JOIN whatsapp_touch first
    ON first.workspace_id = lead.workspace_id AND first.token = lead.first_touch_token
 WHERE lead.id = ANY(%s) AND lead.workspace_id = %s
"""


def standings(workspace_id: int, lead_ids: list[int]) -> dict[int, Standing]:
    rows = bulk.run(_STANDINGS, [lead_ids, workspace_id])
    return {row[0]: Standing(*row) for row in rows}


def blend(stays: Standing, gone: Standing) -> dict[str, Any]:
    """The fields of `stays` that become others. A token of both is told for `stays` alone:
    the other one takes what it gives away, so that no token is lost."""
    new: dict[str, Any] = {
        name: getattr(gone, name)
        for name in FILLED
        if not getattr(stays, name) and getattr(gone, name)
    }
    winner = gone if _explains_more(gone, stays) else stays
    new["attribution_id"] = winner.attribution_id
    new["is_anonymous"] = _is_anonymous(winner, stays, gone)
    new["created_at"] = min(stays.created_at, gone.created_at)
    if gone.first_touch_token and (
        not stays.first_touch_token or gone.first_touch_at < stays.first_touch_at
    ):
        new["first_touch_token"] = gone.first_touch_token
    return {name: value for name, value in new.items() if value != getattr(stays, name)}


def _explains_more(one: Standing, other: Standing) -> bool:
    if one.rank != other.rank:
        return one.rank > other.rank
    if one.explained_at is None or other.explained_at is None:
        return False
    if one.rank == _MANUAL and one.decided_at and other.decided_at:
        return one.decided_at > other.decided_at  # the last word of a person
    return one.explained_at < other.explained_at


def _is_anonymous(winner: Standing, stays: Standing, gone: Standing) -> bool:
    if winner.touch_id is not None:
        return False
    if winner.rule == Rule.MANUAL:
        return True
    return stays.is_anonymous and gone.is_anonymous
