"""The columns in which sealed secrets rest, so that rotation and proof miss none.

Room 0, the vault. A literal table: the models of the rooms above are found by their table
name when they are needed, so that this room imports none of them. `seal()` refuses a
column that is not listed, since its secrets would be left behind by a rotation.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models

from accounts.models import Workspace
from accounts.scoping import workspace_transaction
from accounts.vault.cipher import SecretContext

INSTALLATION = 0  # stands for a workspace where a secret belongs to none


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """One column, and from which of its row's columns the rest of the context is read."""

    name: str  # table.column
    purpose: str
    field: str = ""
    integration_id_from: str = ""
    version_from: str = ""
    field_from: str = ""
    is_installation: bool = False  # its rows belong to no workspace

    @property
    def column(self) -> str:
        return self.name.partition(".")[2]

    @property
    def is_here(self) -> bool:
        """Whether this process has the room it belongs to: the central server has one alone."""
        return self.name.partition("_")[0] in apps.app_configs

    def model(self) -> type[models.Model]:
        table = self.name.partition(".")[0]
        for model in apps.get_models():
            if model._meta.db_table == table:
                return model
        raise LookupError(f"no model has the table {table}")

    def rows(self, workspace_id: int) -> "models.QuerySet[Any]":
        if self.is_installation:
            all_rows: models.QuerySet[Any] = self.model().objects.all()  # type: ignore[attr-defined]  # ours have it
            return all_rows
        queryset: models.QuerySet[Any] = self.model().objects.for_workspace(  # type: ignore[attr-defined]  # tenant rows have it
            workspace_id
        )
        return queryset

    def context(self, row: dict[str, Any]) -> SecretContext:
        return SecretContext(
            purpose=self.purpose,
            column=self.name,
            workspace_id=self.place_of(row),
            integration_id=row[self.integration_id_from]
            if self.integration_id_from
            else 0,
            field=str(row[self.field_from]) if self.field_from else self.field,
            secret_version=row[self.version_from] if self.version_from else 1,
        )

    def place_of(self, row: dict[str, Any]) -> int:
        """The workspace of a row, or INSTALLATION."""
        return INSTALLATION if self.is_installation else int(row["workspace_id"])

    def context_from(self) -> set[str]:
        """The columns besides its own that tell where a secret belongs."""
        names = {self.integration_id_from, self.version_from, self.field_from} - {""}
        return names if self.is_installation else names | {"workspace_id"}

    def iterate(self, *, batch: int) -> Iterator[dict[str, Any]]:
        """Every row that holds a secret, as its columns, workspace by workspace.

        Read `batch` rows at a time, and outside transactions between them.
        """
        names = {"id", self.column} | self.context_from()
        for place in [INSTALLATION] if self.is_installation else list_workspace_ids():
            filled = self.rows(place).exclude(**{self.column: ""}).values(*names)
            yield from read_in_batches(filled, place, batch=batch)


def list_workspace_ids() -> list[int]:
    """The vault's upkeep goes through all of them, one at a time."""
    return list(Workspace.objects.order_by("id").values_list("id", flat=True))


def read_in_batches(
    rows: "models.QuerySet[Any]", workspace_id: int, *, batch: int
) -> Iterator[Any]:
    """Rows of one workspace, as values or instances, by id."""
    last = 0
    while True:
        with workspace_transaction(workspace_id):
            chunk = list(rows.filter(id__gt=last).order_by("id")[:batch])
        if not chunk:
            return
        yield from chunk
        end = chunk[-1]
        last = end["id"] if isinstance(end, dict) else end.pk


SEALED_COLUMNS = (
    SealedColumn(
        "integrations_integration.credentials",
        purpose="integration-credentials",
        integration_id_from="id",
        version_from="secret_version",
    ),
    SealedColumn(
        "integrations_integration.former_proofs",
        purpose="former-webhook-proofs",
        integration_id_from="id",
    ),
    SealedColumn(
        "integrations_webhooktoken.sealed",
        purpose="webhook-token",
        integration_id_from="integration_id",
    ),
    SealedColumn(
        "tickets_signingsecret.sealed",
        purpose="event-signing-secret",
        field_from="key",
    ),
    *(
        SealedColumn(
            f"accounts_oauthgrant.{name}",
            purpose=purpose,
            field_from="key",
            is_installation=True,
        )
        for name, purpose in (
            ("access", "oauth-access-token"),
            ("refresh", "oauth-refresh-token"),
            ("id_token", "oauth-id-token"),
        )
    ),
)


def list_here() -> list[SealedColumn]:
    return [column for column in SEALED_COLUMNS if column.is_here]


def require_sealed_column(name: str) -> None:
    if all(column.name != name for column in SEALED_COLUMNS):
        raise LookupError(f"{name} is not in accounts.vault.columns.SEALED_COLUMNS")
