"""Whose phone a hidden id (LID) stands for, as far as WAHA has learned it.

The answer is `{"lid": "123@lid", "pn": "<digits>@c.us"}`, with null for a phone that it does
not know. https://waha.devlike.pro/docs/how-to/contacts/
"""

from urllib.parse import quote

from integrations.providers.base.errors import OutcomeUnknown
from integrations.providers.base.types import Party
from integrations.providers.waha.api import DONE, Api
from integrations.providers.waha.errors import answer_of, not_working
from integrations.providers.waha.people import lid_of, phone_of


def find(api: Api, lid: str) -> Party | None:
    """Only an answer about this very id counts: two leads are joined by it."""
    wanted = lid_of(lid)
    if wanted is None:  # no id that WAHA writes, so none that it knows
        return None
    response = api.ask("GET", f"{api.lids_path}/{quote(wanted, safe='')}")
    if response.status_code not in DONE:
        error = api.error_of(response)
        raise not_working(error, response) or error
    told = answer_of(response)
    if lid_of(told.find_text("lid")) != wanted:
        raise OutcomeUnknown("unreadable_answer", "another id was answered about")
    if told.plain("pn") in (None, ""):
        return None
    phone = phone_of(told.find_text("pn"))
    if phone is None:
        raise OutcomeUnknown("unreadable_answer", "what was told is no phone")
    return Party(wa_id=phone, lid=wanted)
