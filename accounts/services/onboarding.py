"""Opening a workspace. Its first member comes by `additions.add_member()`."""

import zoneinfo
from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts import audit
from accounts.models import User, Workspace


class WorkspaceInvalid(Exception):
    """The workspace cannot be opened so. `problems` gives the reason for each field."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {why}" for name, why in problems.items()))
        self.problems = dict(problems)


def add_workspace(
    *,
    slug: str,
    name: str,
    now: datetime,
    time_zone: str = "America/Sao_Paulo",
    language: str = "pt-br",
    actor: User | None = None,
    actor_label: str = "",
) -> Workspace:
    """Open a workspace, or raise WorkspaceInvalid."""
    workspace = Workspace(
        slug=slug, name=name.strip(), time_zone=time_zone, language=language
    )
    validate(workspace)
    try:
        with transaction.atomic():
            workspace.save()
            audit.record(
                workspace=workspace,
                action="workspace.added",
                actor=actor,
                actor_label=actor_label,
                target=str(workspace.key),
                now=now,
            )
    except IntegrityError:
        raise WorkspaceInvalid({"slug": "is taken"}) from None
    return workspace


def validate(workspace: Workspace) -> None:
    problems: dict[str, str] = {}
    try:
        workspace.clean_fields()
    except ValidationError as error:
        problems = {name: " ".join(told) for name, told in error.message_dict.items()}
    if workspace.time_zone not in zoneinfo.available_timezones():
        problems["time_zone"] = "is no time zone, such as America/Sao_Paulo"
    if workspace.language not in dict(settings.LANGUAGES):
        problems["language"] = f"is none of {', '.join(dict(settings.LANGUAGES))}"
    if problems:
        raise WorkspaceInvalid(problems)
